/** Time over threads and over size: it should fall with the one and be linear in the other, and memory should do neither. */
import { join } from 'node:path';
import { generatePair } from '../generate/index.mjs';
import { bytesOf, warm } from '../harness/cache.mjs';
import { gigabytes, removeScratch } from '../harness/disk.mjs';
import { measure, nodeProgram } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';

/** Bytes of a side, as shares of --size. */
const SHARES = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4];
/** The share whose checkpoints the threads are counted on. */
const THREADS_SHARE = 1 / 2;
const ROUNDS = 5;

/** @param {import('../harness/options.mjs').Options} options */
function fitting({ size, maxDisk }) {
  return SHARES.filter((share) => 2 * share * size <= maxDisk);
}

/** @type {import('./index.mjs').Bench} */
export const scaling = {
  what: 'time over threads and over size',
  disk: (options) => 2 * options.size * Math.max(Math.min(...SHARES), ...fitting(options)),
  async run(options, scratch) {
    const shares = fitting(options);
    const sizes = [];
    const leftOut = SHARES.filter((share) => !shares.includes(share)).map((share) => share * options.size);
    let threads = null;
    for (const share of shares) {
      const folder = join(scratch, String(share));
      const { old, new: newer } = await generatePair({ folder, bytes: share * options.size, shards: 2 });
      const bytes = await bytesOf([old, newer]);
      const runs = await compare([old, newer], {});
      sizes.push({ bytes, ...summarize(runs, bytes) });
      console.log(`  ${gigabytes(bytes / 2)} a side: ${format(spread(runs.map(({ seconds }) => seconds)), 3)} s`);
      if (share === THREADS_SHARE) threads = await overThreads([old, newer], bytes, options.cores);
      removeScratch(folder);
    }
    return { cache: 'warm', rounds: ROUNDS, sizes, fit: fitLine(sizes), left_out_bytes: leftOut, threads };
  },
};

/**
 * @param {[string, string]} paths
 * @param {object} config
 */
async function compare(paths, config) {
  const runs = [];
  await warm(paths);
  for (let round = 0; round < ROUNDS; round++)
    runs.push(await measure(nodeProgram('compare.mjs', [...paths, JSON.stringify(config)])));
  return runs;
}

/**
 * Every number of threads once a round.
 * @param {[string, string]} paths
 * @param {number} bytes
 * @param {number} cores
 */
async function overThreads(paths, bytes, cores) {
  const counts = Array.from({ length: cores }, (_, at) => at + 1).filter(
    (count) => count < 8 || count % 8 === 0 || count === cores,
  );
  /** @type {import('../harness/programs.mjs').Measured[][]} */
  const rounds = [];
  await warm(paths);
  for (let round = 0; round < ROUNDS; round++) {
    const runs = [];
    for (const threads of counts) runs.push(await measure(nodeProgram('compare.mjs', [...paths, JSON.stringify({ threads })])));
    rounds.push(runs);
  }
  return counts.map((threads, at) => ({
    threads,
    ...summarize(
      rounds.flatMap((runs) => runs.slice(at, at + 1)),
      bytes,
    ),
    faster_than_one: spread(rounds.map((runs) => (runs[0]?.seconds ?? 0) / (runs[at]?.seconds ?? 0))),
  }));
}

/**
 * Least squares of seconds over bytes; the worst deviation from the line as a share of the time.
 * @param {readonly any[]} sizes
 */
function fitLine(sizes) {
  if (sizes.length < 2) return null;
  const points = sizes.map(({ bytes, seconds }) => ({ x: bytes, y: seconds.median }));
  const mean = (/** @type {(point: { x: number, y: number }) => number} */ of) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
  const slope = mean(({ x, y }) => (x - mx) * (y - my)) / mean(({ x }) => (x - mx) ** 2);
  const start = my - slope * mx;
  return {
    fixed_seconds: start,
    gb_per_second: 1 / slope / 1e9,
    worst_deviation: Math.max(...points.map(({ x, y }) => Math.abs(y - start - slope * x) / y)),
    largest_over_smallest_peak: sizes.at(-1).peak_bytes?.median / sizes[0].peak_bytes?.median,
  };
}
