/** The kernels in the cache by type and instruction set, and the whole engine on files by way of reading and threads. */
import { bench } from '../harness/programs.mjs';

/** Bytes of a file in MiB: half a large checkpoint, to keep the many combinations short. */
const mebibytes = (/** @type {number} */ size) => Math.max(16, Math.round(Math.min(size / 4, 2 ** 29) / 2 ** 20));

/** @type {import('./index.mjs').Bench} */
export const kernels = {
  what: 'kernels in the cache, and the engine by way of reading',
  disk: ({ size }) => 2 * mebibytes(size) * 2 ** 20,
  async run({ size }, scratch) {
    const [cacheRounds, fileRounds] = [101, 5];
    const cache = await bench(['cache', String(cacheRounds), '--json']);
    console.log('  in the cache: done');
    const files = await bench(['files', String(fileRounds), String(mebibytes(size)), '--json'], { TMPDIR: scratch });
    for (const { dtype, io, isa, threads, method, of_sum: ratio } of files)
      if (method === 'fast') console.log(`  ${dtype} ${io} ${isa} ${threads} threads: ${ratio.median.toFixed(2)} of the sum`);
    return {
      rounds: { cache: cacheRounds, files: fileRounds },
      file_bytes: mebibytes(size) * 2 ** 20,
      cache,
      files,
    };
  },
};
