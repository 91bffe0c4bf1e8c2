/** Views that are not contiguous, and scales by channel, beside the same elements as they lie: ratios within one run. */
import { bench } from '../harness/programs.mjs';

const ROUNDS = 9;

/** @type {import('./index.mjs').Bench} */
export const views = {
  what: 'transposes, permuted heads, slices and scales beside contiguous elements, mapped and read',
  // Two squares of 4,096 f32.
  disk: () => 2 * 2 ** 26,
  async run(_, scratch) {
    const views = await bench(['views', String(ROUNDS), '--json'], { TMPDIR: scratch });
    for (const { view, io, threads, of_contiguous: ratio } of views)
      console.log(`  ${io} ${threads} threads ${view}: ${ratio.median.toFixed(2)} of contiguous`);
    return { rounds: ROUNDS, views };
  },
};
