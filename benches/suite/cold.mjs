/** Nothing in the page cache: the disk decides, and model-diff must not read worse than `cat`. */
import { generatePair } from '../generate/index.mjs';
import { bytesOf, dropCaches } from '../harness/cache.mjs';
import { measure, nodeProgram } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';
import { PEERS } from '../peers/index.mjs';

const ROUNDS = 5;

/** @type {import('./index.mjs').Bench} */
export const cold = {
  what: 'an empty page cache, beside reading from start to end',
  disk: ({ size }) => 2 * size,
  async run({ size }, scratch) {
    const refused = dropCaches();
    if (refused !== null) {
      console.log(`  absent: ${refused}`);
      return { absent: refused };
    }
    const pair = await generatePair({ folder: scratch, bytes: size, shards: 4 });
    const bytes = await bytesOf([pair.old, pair.new]);
    const ways = {
      cat: PEERS['cat > /dev/null']?.command(pair, scratch) ?? [],
      model_diff: nodeProgram('compare.mjs', [pair.old, pair.new]),
    };
    const run = (/** @type {keyof typeof ways} */ name) => {
      dropCaches();
      return measure(ways[name]);
    };
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      // Each goes first in turn: the disk may get faster or slower on the way.
      const early = round % 2 === 0 ? await run('cat') : null;
      const own = await run('model_diff');
      rounds.push({ cat: early ?? (await run('cat')), model_diff: own });
    }
    const ratio = spread(rounds.map((round) => round.cat.seconds / round.model_diff.seconds));
    console.log(`  ${format(ratio)} of the speed of cat`);
    return {
      bytes,
      cache: 'cold',
      rounds: ROUNDS,
      cat: summarize(
        rounds.map((round) => round.cat),
        bytes,
      ),
      model_diff: summarize(
        rounds.map((round) => round.model_diff),
        bytes,
      ),
      of_cat: ratio,
    };
  },
};
