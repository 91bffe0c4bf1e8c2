/** What model-diff is compared with, each a process of its own that gets the same two checkpoints. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../../scripts/lib/host.mjs';
import { probe } from '../../scripts/lib/run.mjs';

/** Where `node benches/peers/setup.mjs` installs; BENCH_PEERS names another folder. */
export const peersFolder = resolve(process.env.BENCH_PEERS ?? join(root, 'target/bench-peers'));

/**
 * @typedef {import('../generate/index.mjs').Pair} Pair
 *
 * @typedef {object} Peer
 * @property {string} what What it computes, for the page.
 * @property {readonly string[]} version Prints the version; fails where it is not installed.
 * @property {(pair: Pair, scratch: string) => readonly string[]} command
 */

const installed = join(peersFolder, 'venv/bin/python');
const python = process.env.PYTHON ?? (existsSync(installed) ? installed : 'python3');
/** Of the environment that the setup makes, whatever PYTHON is. */
const toolPython = existsSync(installed) ? installed : python;
const installedDiffai = join(peersFolder, 'cargo/bin/diffai');
const diffai = existsSync(installedDiffai) ? installedDiffai : 'diffai';

/** @param {string} script @param {string} module @param {string} what @returns {Peer} */
function script(script, module, what) {
  return {
    what,
    version: [python, '-c', `import ${module}; print("${module}", ${module}.__version__)`],
    command: ({ old, new: newer }) => [python, join(root, 'benches/peers', script), old, newer],
  };
}

/** @param {string} module @param {string} what @param {Peer['command']} command @returns {Peer} */
function tool(module, what, command) {
  const version = `import importlib.metadata as m, ${module}; print("${module}", m.version("${module}"))`;
  return { what, version: [toolPython, '-c', version], command };
}

/** @type {Readonly<Record<string, Peer>>} */
export const PEERS = {
  'torch script': script('torch_script.py', 'torch', 'the usual script: load both state dicts, then seven metrics a tensor'),
  'torch, careful': script(
    'torch_careful.py',
    'torch',
    'lazy tensors, one in memory at a time, all cores, fused where torch can',
  ),
  'numpy script': script('numpy_script.py', 'numpy', 'the usual script: load every tensor, then seven metrics a tensor'),
  'numpy, careful': script('numpy_careful.py', 'numpy', 'blocks of 256 Ki elements, buffers used again, seven sums'),
  modeldelta: tool(
    'modeldelta',
    'its one command: norm, cosine, sparsity and a full SVD of every matrix',
    ({ old, new: newer }, scratch) => [
      toolPython,
      '-m',
      'modeldelta',
      old,
      newer,
      '--quiet',
      '-o',
      join(scratch, 'modeldelta.json'),
    ],
  ),
  mergelens: tool('mergelens', 'compare, its cosine and L2 distance only', ({ old, new: newer }, scratch) => [
    toolPython,
    '-c',
    'from mergelens.cli import app; app()',
    'compare',
    old,
    newer,
    '--metric',
    'cosine_similarity',
    '--metric',
    'l2_distance',
    '--no-strategy',
    '--json',
    join(scratch, 'mergelens.json'),
  ]),
  diffai: {
    what: 'mean, deviation, lowest and highest of each tensor, side by side',
    version: [diffai, '--version'],
    command: ({ old, new: newer }) => eachFile(old, newer, `"${diffai}" "$a" "$b" --output json > /dev/null; ${DIFFERS}`),
  },
  cmp: {
    what: 'of equal files, which it has to read to the end; finds no number',
    version: ['cmp', '--version'],
    command: ({ old, copy }) => eachFile(old, copy, 'cmp "$a" "$b"'),
  },
  'cat > /dev/null': {
    what: 'reads both and looks at nothing',
    version: ['cat', '--version'],
    command: ({ old, new: newer }) => ['sh', '-c', 'exec cat "$0"/*.safetensors "$1"/*.safetensors > /dev/null', old, newer],
  },
};

/** As diff does, diffai ends with 1 where it finds a difference. */
const DIFFERS = `[ $? = 1 ] || { echo "finds no difference in $(basename "$a"), where there are many" >&2; false; }`;

/** @param {string} old @param {string} newer @param {string} command Of the files "$a" and "$b". */
function eachFile(old, newer, command) {
  return ['sh', '-c', `for a in "$0"/*.safetensors; do b="$1/\${a##*/}"; ${command} || exit 1; done`, old, newer];
}

/** The version of a peer, or null where it is not installed. @param {Peer} peer */
export function versionOf({ version }) {
  return probe(version)?.split('\n')[0] ?? null;
}
