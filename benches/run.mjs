#!/usr/bin/env node
/**
 * The benchmarks: `npm run bench` runs all, `npm run bench -- NAME` one.
 * Every result is written to benches/record/<processor>/<date>.json with the machine and the spread of each figure.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { formats } from './formats.mjs';
import { whole } from './whole.mjs';

const BENCHES = { whole, formats };

const here = dirname(fileURLToPath(import.meta.url));
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
if (unknown !== undefined) {
  process.stderr.write(`no benchmark is called ${unknown}; there are: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exit(2);
}

const cpu = cpus()[0]?.model ?? 'unknown';
const record = {
  date: new Date().toISOString(),
  version: JSON.parse(readFileSync(join(here, '../package.json'), 'utf8')).version,
  machine: {
    cpu,
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  },
  benches: {},
};
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  record.benches[name] = await BENCHES[name]();
}
const folder = join(
  here,
  'record',
  cpu
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-|-$/gu, ''),
);
mkdirSync(folder, { recursive: true });
const path = join(folder, `${record.date.slice(0, 10)}.json`);
writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`);
process.stdout.write(`recorded in ${path}\n`);
