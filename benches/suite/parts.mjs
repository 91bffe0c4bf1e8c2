/** What a part costs beside its bytes, and what combining does: the numbers behind the simulation of a cluster. */
import { join } from 'node:path';
import { root } from '../../scripts/lib/host.mjs';
import { mustRun } from '../../scripts/lib/run.mjs';
import { generatePair } from '../generate/index.mjs';
import { bytesOf, warm } from '../harness/cache.mjs';
import { measure } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';

/** Into how many parts the pair is cut: times of whole and of small parts give what a part costs before its first byte. */
const PARTS = 8;
const ROUNDS = 5;

const program = [process.execPath, join(root, 'dist/cli.js')];

/** @type {import('./index.mjs').Bench} */
export const parts = {
  what: 'a comparison in parts: the cost of a part, and of combining',
  disk: (options) => options.size,
  async run(options, scratch) {
    const { old, new: newer } = await generatePair({ folder: join(scratch, 'pair'), bytes: options.size / 2, shards: 4 });
    const bytes = await bytesOf([old, newer]);
    const [whole, cut] = [join(scratch, 'whole'), join(scratch, 'cut')];
    for (const [folder, count] of /** @type {const} */ ([
      [whole, 1],
      [cut, PARTS],
    ]))
      await mustRun([...program, 'plan', old, newer, '-n', String(count), '-o', folder], { output: 'keep' });
    await warm([old, newer]);
    /** @type {Record<'one' | 'each' | 'combine', import('../harness/programs.mjs').Measured[]>} */
    const runs = { one: [], each: [], combine: [] };
    /** @param {string} folder @param {number} part */
    const compare = (folder, part) =>
      measure([...program, '--shard', String(part), '--run-dir', folder, '--threads', '1', '--force', '--quiet']);
    for (let round = 0; round < ROUNDS; round++) {
      runs.one.push(await compare(whole, 1));
      for (let part = 1; part <= PARTS; part++) runs.each.push(await compare(cut, part));
      runs.combine.push(await measure([...program, 'combine', cut, '-o', join(scratch, `report-${round}.json`), '--quiet']));
    }
    const [one, each, combine] = [runs.one, runs.each, runs.combine].map(
      (some) => spread(some.map(({ seconds }) => seconds)).median,
    );
    // one = start + bytes / rate, each = start + bytes / PARTS / rate.
    const perByte = ((one ?? 0) - (each ?? 0)) / (bytes * (1 - 1 / PARTS));
    const start = Math.max(0, (one ?? 0) - bytes * perByte);
    console.log(
      `  whole ${format(spread(runs.one.map(({ seconds }) => seconds)), 3)} s, a part of ${PARTS} ${(each ?? 0).toFixed(3)} s`,
    );
    console.log(
      `  before the first byte ${start.toFixed(3)} s, then ${(1 / perByte / 1e9).toFixed(2)} GB/s a core; combining ${(combine ?? 0).toFixed(3)} s`,
    );
    return {
      cache: 'warm',
      rounds: ROUNDS,
      bytes,
      parts: PARTS,
      whole: summarize(runs.one, bytes),
      each: summarize(runs.each),
      combine: summarize(runs.combine),
      part: { start_seconds: start, bytes_per_core_second: 1 / perByte, combine_seconds: combine },
    };
  },
};
