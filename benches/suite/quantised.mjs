/** Quantised matrices read as f32 by one thread, statistics and all, beside plain f32. */
import { bench } from '../harness/programs.mjs';

const ROUNDS = 101;

/** @type {import('./index.mjs').Bench} */
export const quantised = {
  what: 'quantised schemes as f32, one thread',
  disk: () => 0,
  async run() {
    const schemes = await bench(['quantised', String(ROUNDS), '--json']);
    for (const { scheme, gb_per_second: rate } of schemes) console.log(`  ${scheme}: ${rate.median.toFixed(1)} GB/s of f32`);
    return { rounds: ROUNDS, schemes };
  },
};
