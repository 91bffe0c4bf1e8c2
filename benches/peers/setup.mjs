#!/usr/bin/env node
/**
 * Installs what the benchmarks compare model-diff with: `node benches/peers/setup.mjs`, into target/bench-peers or
 * the folder that BENCH_PEERS names.
 * A Python environment (numpy, safetensors, torch, modeldelta, mergelens) and the command diffai. Each is optional: what cannot be
 * installed is named, and the record names it absent. PYTHON says which Python to start from; packages that it has are used as they are.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { probe, run, start } from '../../scripts/lib/run.mjs';
import { peersFolder } from './index.mjs';

/** Indexes to try in turn: the first has torch without what only graphics cards need. */
const TORCH_INDEXES = [['--index-url', 'https://download.pytorch.org/whl/cpu'], []];

await start(async () => {
  const folder = peersFolder;
  const base = process.env.PYTHON ?? 'python3';
  const python = join(folder, 'venv/bin/python');
  mkdirSync(folder, { recursive: true });
  /** @type {string[]} */
  const absent = [];
  /** @param {string} name @param {readonly string[]} command */
  const attempt = async (name, command) => {
    console.log(`installing ${name} ...`);
    const { code, output } = await run(command, { cwd: folder, output: 'keep' }).catch((error) => ({
      code: 1,
      output: String(error),
    }));
    if (code === 0) return true;
    console.log(`  failed: ${output.trim().split('\n').at(-1)}`);
    return false;
  };
  if (await attempt('a Python environment', [base, '-m', 'venv', join(folder, 'venv')])) {
    shareWith(base, python);
    const pip = [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    for (const name of ['numpy', 'safetensors']) if (!(await attempt(name, [...pip, name]))) absent.push(name);
    const hasTorch = probe([python, '-c', 'import torch']) !== undefined;
    let done = hasTorch;
    for (const index of TORCH_INDEXES) done ||= await attempt('torch', [...pip, '--retries', '1', ...index, 'torch']);
    if (!done) absent.push('torch');
    for (const name of ['modeldelta', 'mergelens']) if (!(await attempt(name, [...pip, name]))) absent.push(name);
  } else absent.push('python');
  if (!(await attempt('diffai (some ten minutes)', ['cargo', 'install', '--locked', '--root', join(folder, 'cargo'), 'diffai'])))
    absent.push('diffai');
  console.log(absent.length === 0 ? `all installed in ${folder}` : `absent: ${absent.join(', ')}`);
});

/**
 * Lets the environment see the packages of the Python that it was made from, which need not be the system's own.
 * @param {string} base
 * @param {string} python
 */
function shareWith(base, python) {
  const where = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
  const [theirs, ours] = [base, python].map((one) => probe([one, '-c', where]));
  if (theirs !== undefined && ours !== undefined) writeFileSync(join(ours, 'base-python.pth'), `${theirs}\n`);
}
