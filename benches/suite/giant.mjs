/** One tensor that is the whole checkpoint: all cores must work on it. */
import { generatePair } from '../generate/index.mjs';
import { bytesOf, warm } from '../harness/cache.mjs';
import { measure, nodeProgram } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';

const ROUNDS = 7;

/** @type {import('./index.mjs').Bench} */
export const giant = {
  what: 'one tensor that is the whole checkpoint, with one thread and with all',
  disk: ({ size }) => 2 * size,
  async run({ size, cores }, scratch) {
    const width = 4096;
    const shape = [Math.round(size / 2 / width), width];
    const tensors = [{ name: 'model.embed_tokens.weight', shape, role: /** @type {const} */ ('matrix'), depth: 0 }];
    const pair = await generatePair({ folder: scratch, bytes: size, tensors });
    const bytes = await bytesOf([pair.old, pair.new]);
    await warm([pair.old, pair.new]);
    const compare = (/** @type {number} */ threads) =>
      measure(nodeProgram('compare.mjs', [pair.old, pair.new, JSON.stringify({ threads })]));
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push({ one: await compare(1), all: await compare(cores) });
    const faster = spread(rounds.map(({ one, all }) => one.seconds / all.seconds));
    console.log(`  ${cores} threads over one: ${format(faster)} times as fast`);
    return {
      bytes,
      shape,
      cache: 'warm',
      rounds: ROUNDS,
      one_thread: summarize(
        rounds.map(({ one }) => one),
        bytes,
      ),
      all_threads: {
        threads: cores,
        ...summarize(
          rounds.map(({ all }) => all),
          bytes,
        ),
      },
      all_over_one: faster,
    };
  },
};
