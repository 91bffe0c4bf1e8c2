/** The same tensors as safetensors and as PyTorch files, 1 GB a side: `.pt` must cost no more than a tenth above. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generatePair } from './generate.mjs';
import { compareInProcess, spread } from './measure.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const BYTES = 1e9;
const ROUNDS = 7;

/** @returns {Promise<object>} */
export async function formats() {
  const folder = mkdtempSync(join(tmpdir(), 'model-diff-bench-'));
  process.stdout.write(`formats: two checkpoints of 1 GB as safetensors and as .pt in ${folder}\n`);
  try {
    const paths = generatePair(folder, BYTES);
    try {
      execFileSync(process.env.PYTHON ?? 'python3', [join(here, 'peers/to_torch.py'), ...paths], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      return {
        absent: {
          torch: String(error.stderr ?? error.message)
            .trim()
            .split('\n')
            .at(-1),
        },
      };
    }
    const torch = paths.map((path) => `${path}.pt`);
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
    for (const pair of [paths, torch]) compareInProcess(pair);
    const rounds = Array.from({ length: ROUNDS }, () => [compareInProcess(paths), compareInProcess(torch)]);
    const ratio = spread(rounds.map(([one, other]) => other.seconds / one.seconds));
    process.stdout.write(
      `  .pt over safetensors: ${ratio.median.toFixed(3)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})\n`,
    );
    return {
      bytes,
      cache: 'warm',
      rounds: ROUNDS,
      safetensors_seconds: spread(rounds.map(([one]) => one.seconds)),
      torch_seconds: spread(rounds.map(([, other]) => other.seconds)),
      torch_over_safetensors: ratio,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
