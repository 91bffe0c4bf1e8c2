/** What a tensor costs apart from its bytes: 100,000 of 32 elements in 200 files. */
import { generatePair } from '../generate/index.mjs';
import { warm } from '../harness/cache.mjs';
import { bench, measure, nodeProgram } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';

const TENSORS = 100_000;
const ROUNDS = 5;

/** @type {import('./index.mjs').Bench} */
export const tiny = {
  what: `${TENSORS} small tensors: opening, memory, comparing`,
  disk: () => 1e8,
  async run(_, scratch) {
    const tensors = Array.from({ length: TENSORS }, (_, at) => ({
      name: `model.layers.${Math.floor(at / 1000)}.mlp.experts.${at % 1000}.up_proj.weight`,
      shape: [4, 8],
      role: /** @type {const} */ ('matrix'),
      depth: at / TENSORS,
    }));
    const pair = await generatePair({ folder: scratch, bytes: 0, tensors, dtype: 'f32', shards: 200 });
    await warm([pair.old, pair.new]);
    /** @type {Record<'opens' | 'compares', import('../harness/programs.mjs').Measured[]>} */
    const { opens, compares } = { opens: [], compares: [] };
    for (let round = 0; round < ROUNDS; round++) {
      opens.push(await measure(nodeProgram('open.mjs', [pair.old])));
      compares.push(await measure(nodeProgram('compare.mjs', [pair.old, pair.new])));
    }
    const engine = await bench(['tiny', String(ROUNDS), '--json'], { TMPDIR: scratch });
    console.log(`  opening one side ${format(spread(opens.map(({ seconds }) => seconds)), 3)} s`);
    console.log(`  comparing        ${format(spread(compares.map(({ seconds }) => seconds)), 3)} s`);
    return {
      tensors: TENSORS,
      shards: 200,
      rounds: ROUNDS,
      open: summarize(opens),
      compare: summarize(compares),
      engine: engine.map(({ threads, ns_a_tensor }) => ({ threads, ns_a_tensor })),
    };
  },
};
