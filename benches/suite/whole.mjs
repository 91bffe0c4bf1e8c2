/** The whole comparison of two large checkpoints, beside the limit that reading sets and beside other tools. */
import { generatePair } from '../generate/index.mjs';
import { bytesOf, warm } from '../harness/cache.mjs';
import { bench, measure, nodeProgram, ProgramError } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';
import { PEERS, versionOf } from '../peers/index.mjs';
import { root } from '../../scripts/lib/host.mjs';

const ROUNDS = 9;
/** Other tools take tens of seconds. */
const PEER_ROUNDS = 3;
/** A tool slower than this is run once. */
const SLOW_SECONDS = 40;

/** @typedef {import('../harness/programs.mjs').Measured} Measured */

/** @type {import('./index.mjs').Bench} */
export const whole = {
  what: 'the whole comparison, beside the read limit and other tools',
  // Old, new, and a copy of old for cmp.
  disk: ({ size }) => 3 * size,
  async run(options, scratch) {
    const pair = await generatePair({ folder: scratch, bytes: options.size, shards: 4, copy: true });
    const bytes = await bytesOf([pair.old, pair.new]);
    const own = await measureOwn(pair, bytes, options);
    const peers = await measurePeers(pair, bytes, options, scratch);
    return { bytes, tensors: pair.tensors, shards: pair.shards, dtype: 'bf16', cache: 'warm', rounds: ROUNDS, ...own, ...peers };
  },
};

/**
 * The limit and model-diff, in turn.
 * @param {import('../generate/index.mjs').Pair} pair
 * @param {number} bytes
 * @param {import('../harness/options.mjs').Options} options
 */
async function measureOwn({ old, new: newer, tensors }, bytes, { cores }) {
  /** @type {{ mmap: number, pread: number, api: Measured, cli: Measured }[]} */
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    await warm([old, newer]);
    const limit = async (/** @type {string} */ io) =>
      (await bench(['limit', String(cores), old, newer], { MODEL_DIFF_IO: io }))[0]?.seconds;
    rounds.push({
      mmap: await limit('mmap'),
      pread: await limit('pread'),
      api: await measure(nodeProgram('compare.mjs', [old, newer])),
      cli: await measure([process.execPath, `${root}/dist/cli.js`, old, newer, '--quiet']),
    });
  }
  const bare = [];
  for (let round = 0; round < 3; round++) bare.push(await measure([process.execPath, '-e', '0']));
  const best = rounds.map(({ mmap, pread }) => Math.min(mmap, pread));
  const ofLimit = (/** @type {(round: typeof rounds[number]) => number} */ seconds) =>
    spread(rounds.map((round, at) => (best[at] ?? 0) / seconds(round)));
  const rate = (/** @type {readonly number[]} */ seconds) => spread(seconds.map((one) => bytes / one / 1e9));
  const api = rounds.map((round) => round.api);
  const results = {
    limit: {
      threads: cores,
      mmap_gb_per_second: rate(rounds.map(({ mmap }) => mmap)),
      pread_gb_per_second: rate(rounds.map(({ pread }) => pread)),
    },
    model_diff: {
      ...summarize(api, bytes),
      of_limit: ofLimit((round) => round.api.seconds),
      process_of_limit: ofLimit((round) => round.api.process_seconds),
    },
    cli: {
      ...summarize(
        rounds.map((round) => round.cli),
        bytes,
      ),
      process_of_limit: ofLimit((round) => round.cli.process_seconds),
    },
    memory: compareMemory(api, bare, cores, tensors),
  };
  console.log(
    `  read limit   mmap ${format(results.limit.mmap_gb_per_second, 1)} GB/s, pread ${format(results.limit.pread_gb_per_second, 1)} GB/s`,
  );
  console.log(
    `  model-diff   ${format(rate(api.map(({ seconds }) => seconds)), 1)} GB/s, ${format(results.model_diff.of_limit)} of the limit`,
  );
  return results;
}

/**
 * Anonymous memory above that of Node that does nothing, and what the target allows.
 * @param {readonly Measured[]} runs
 * @param {readonly Measured[]} bare
 * @param {number} threads
 * @param {number} tensors
 */
function compareMemory(runs, bare, threads, tensors) {
  const anonymous = (/** @type {readonly Measured[]} */ measured) =>
    spread(measured.map(({ peak_anonymous_bytes: bytes }) => bytes ?? Number.NaN));
  const bareNode = anonymous(bare);
  const peak = anonymous(runs);
  return {
    bare_node_anonymous_bytes: bareNode,
    anonymous_over_bare_node_bytes: {
      min: peak.min - bareNode.median,
      median: peak.median - bareNode.median,
      max: peak.max - bareNode.median,
    },
    allowed_bytes: threads * 2 * 2 ** 20 + tensors * 1024 + 32 * 2 ** 20,
  };
}

/**
 * @param {import('../generate/index.mjs').Pair} pair
 * @param {number} bytes
 * @param {import('../harness/options.mjs').Options} options
 * @param {string} scratch
 */
async function measurePeers(pair, bytes, { peerLimit }, scratch) {
  /** @type {Record<string, string>} */
  const absent = {};
  /** @type {Map<string, { version: string, runs: Measured[], times: number[] }>} */
  const running = new Map();
  for (const [name, peer] of Object.entries(PEERS)) {
    const version = versionOf(peer);
    if (version === null) absent[name] = 'not installed';
    else running.set(name, { version, runs: [], times: [] });
  }
  /** @type {Set<string>} */
  const stopped = new Set();
  for (let round = 0; round < PEER_ROUNDS; round++) {
    for (const [name, { runs, times }] of running) {
      if (stopped.has(name) || (runs[0]?.process_seconds ?? 0) > SLOW_SECONDS) continue;
      try {
        // Each beside a run of model-diff of its own: some leave little of the page cache.
        await warm([pair.old, pair.new, pair.copy]);
        const own = await measure(nodeProgram('compare.mjs', [pair.old, pair.new]));
        const run = await measure(PEERS[name]?.command(pair, scratch) ?? [], { limit: peerLimit, env: { HF_HUB_OFFLINE: '1' } });
        runs.push(run);
        times.push(run.seconds / own.seconds);
        console.log(
          `  ${name.padEnd(16)} ${run.seconds.toFixed(2)} s, ${(run.seconds / own.seconds).toFixed(1)} times model-diff`,
        );
      } catch (error) {
        if (!(error instanceof ProgramError)) throw error;
        absent[name] =
          runs.length === 0 ? error.message : `${error.message} in round ${round + 1}, after ${runs.length} that ended`;
        // What it has done so far counts.
        if (runs.length === 0) running.delete(name);
        else stopped.add(name);
        console.log(`  ${name.padEnd(16)} ${error.message}`);
      }
    }
  }
  const results = [...running].map(([name, { version, runs, times }]) => [
    name,
    { what: PEERS[name]?.what, version, rounds: runs.length, ...summarize(runs, bytes), times_model_diff: spread(times) },
  ]);
  return { peers: Object.fromEntries(results), absent, peer_limit_seconds: peerLimit };
}
