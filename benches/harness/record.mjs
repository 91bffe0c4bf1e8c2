/** Results, kept with the machine that they were measured on: benches/record/<processor>/<date>.json. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../../scripts/lib/host.mjs';
import { probe } from '../../scripts/lib/run.mjs';

const folder = join(root, 'benches/record');

/** Where the results of today on this machine go. */
export function recordPath() {
  const cpu = cpuName()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-|-$/gu, '');
  return join(folder, cpu, `${new Date().toISOString().slice(0, 10)}.json`);
}

/**
 * Adds the result of one benchmark to a record, in the place of an earlier one of the same name.
 * @param {string} path
 * @param {string} name
 * @param {object} result
 */
export function addToRecord(path, name, result) {
  const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const date = new Date().toISOString();
  const record = {
    date,
    version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
    machine: describeMachine(),
    benches: { ...known.benches, [name]: { date, commit: describeCommit(), ...result } },
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, (_, value) => (typeof value === 'number' ? shorten(value) : value), 2)}\n`);
}

/**
 * The record with the whole comparison that was made last. What it lacks is in `elsewhere`, from the newest record that has it, with the
 * machine that it was measured on.
 * @returns {any}
 */
export function newestRecord() {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\d\.json$/u.test(name));
  const records = names
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .toSorted((a, b) => (a.date < b.date ? -1 : 1));
  const newest = records.findLast(({ benches }) => benches.whole?.model_diff);
  if (newest === undefined) return null;
  const others = records.flatMap(({ benches, machine }) =>
    Object.entries(benches).map(([name, result]) => /** @type {const} */ ([name, { ...result, machine }])),
  );
  return { ...newest, elsewhere: Object.fromEntries(others.filter(([name]) => !Object.hasOwn(newest.benches, name))) };
}

function describeMachine() {
  return {
    cpu: cpuName(),
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    rustc: probe(['rustc', '--version']) ?? null,
  };
}

function cpuName() {
  return cpus()[0]?.model ?? 'unknown';
}

/** The commit, and whether what is measured or measures differs from it. */
function describeCommit() {
  const commit = probe(['git', 'rev-parse', '--short=12', 'HEAD']) ?? 'unknown';
  const sources = ['crates', 'src', 'Cargo.toml', 'Cargo.lock', 'benches', ':!benches/record', ':!benches/report'];
  const changes = probe(['git', 'status', '--porcelain', '--', ...sources]) ?? '';
  return changes === '' ? commit : `${commit} with changes`;
}

/** Six digits say all that a measurement knows. @param {number} value */
function shorten(value) {
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
}
