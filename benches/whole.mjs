/** The whole comparison of two 1 GB bf16 checkpoints through the package, beside the usual numpy script. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generatePair } from './generate.mjs';
import { compareInProcess, runMeasured, spread } from './measure.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const BYTES = 1e9;
const ROUNDS = 5;

/** Ways to compare two files, each in a process of its own. */
const CONTESTANTS = {
  'model-diff': (old, newer) => compareInProcess([old, newer]),
  numpy: (old, newer) => runMeasured(process.env.PYTHON ?? 'python3', [join(here, 'peers/numpy_script.py'), old, newer]),
};

/** @returns {Promise<object>} */
export async function whole() {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-bench-'));
  process.stdout.write(`whole: two bf16 checkpoints of 1 GB in ${folder}\n`);
  try {
    const paths = generatePair(folder, BYTES);
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
    return { bytes, cache: 'warm', rounds: ROUNDS, ...measure(paths, bytes) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(paths, bytes) {
  const contestants = {};
  const absent = {};
  for (const [name, command] of Object.entries(CONTESTANTS)) {
    try {
      command(...paths); // warms the page cache, and shows whether it is installed
      contestants[name] = [];
    } catch (error) {
      absent[name] = String(error.stderr ?? error.message)
        .trim()
        .split('\n')
        .at(-1);
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(contestants)) contestants[name].push(CONTESTANTS[name](...paths));
  }
  const results = {};
  for (const [name, runs] of Object.entries(contestants)) {
    const seconds = spread(runs.map((one) => one.seconds));
    results[name] = {
      seconds,
      gb_per_second: spread(runs.map((one) => bytes / 1e9 / one.seconds)),
      peak_bytes: spread(runs.map((one) => one.peak_bytes)),
      times_model_diff: spread(runs.map((one, round) => one.seconds / contestants['model-diff'][round].seconds)),
    };
    process.stdout.write(
      `  ${name.padEnd(12)} ${seconds.median.toFixed(3)} s  ${results[name].gb_per_second.median.toFixed(1)} GB/s  ` +
        `peak ${(results[name].peak_bytes.median / 1e6).toFixed(0)} MB  ${results[name].times_model_diff.median.toFixed(1)} x model-diff\n`,
    );
  }
  return { results, absent };
}
