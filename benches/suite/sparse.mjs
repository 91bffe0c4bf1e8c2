/** A checkpoint of 1 TB: what opening and planning cost must depend on the number of tensors, not on their size. */
import { join } from 'node:path';
import { FAMILIES } from '../generate/families.mjs';
import { generatePair } from '../generate/index.mjs';
import { bench, measure, nodeProgram } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';

const LARGE = 1e12;
const SMALL = 1e9;
const SHARDS = 200;
const ROUNDS = 5;

/** @typedef {{ open: import('../harness/programs.mjs').Measured, plan: Record<string, any> }} Round */

/** @type {import('./index.mjs').Bench} */
export const sparse = {
  what: 'headers of 1 TB: opening and planning, beside as many tensors of 1 GB',
  // Headers alone: the data are holes.
  disk: () => 1e8,
  async run(_, scratch) {
    const { tensors } = FAMILIES.moe(LARGE / 2, 256);
    // Every side shorter by one factor.
    const factor = Math.sqrt(LARGE / SMALL);
    const shorter = tensors.map((tensor) => ({
      ...tensor,
      shape: tensor.shape.map((size) => Math.max(1, Math.round(size / factor))),
    }));
    const pairs = {
      large: await generatePair({ folder: join(scratch, 'large'), bytes: LARGE, tensors, shards: SHARDS, holes: true }),
      small: await generatePair({ folder: join(scratch, 'small'), bytes: SMALL, tensors: shorter, shards: SHARDS, holes: true }),
    };
    /** @type {Record<keyof typeof pairs, Round[]>} */
    const rounds = { large: [], small: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of /** @type {const} */ (['large', 'small'])) {
        const { old, new: newer } = pairs[name];
        const open = await measure(nodeProgram('open.mjs', [old, newer]));
        const [plan = {}] = await bench(['plan', old, newer]);
        rounds[name].push({ open, plan });
      }
    }
    const describe = (/** @type {keyof typeof pairs} */ name) => ({
      bytes: pairs[name].bytes,
      tensors: pairs[name].tensors,
      open: summarize(rounds[name].map(({ open }) => open)),
      core_open_seconds: spread(rounds[name].map(({ plan }) => plan.open_seconds)),
      core_plan_seconds: spread(rounds[name].map(({ plan }) => plan.plan_seconds)),
    });
    const ratio = (/** @type {(round: Round) => number} */ of) =>
      spread(rounds.large.map((round, at) => of(round) / of(rounds.small[at] ?? round)));
    const over = {
      open_seconds: ratio(({ open }) => open.seconds),
      plan_seconds: ratio(({ plan }) => plan.plan_seconds),
      peak_bytes: ratio(({ open }) => open.peak_bytes ?? Number.NaN),
    };
    console.log(
      `  opening 1 TB over 1 GB: ${format(over.open_seconds)} times the time, ${format(over.peak_bytes)} times the memory`,
    );
    return { shards: SHARDS, rounds: ROUNDS, large: describe('large'), small: describe('small'), large_over_small: over };
  },
};
