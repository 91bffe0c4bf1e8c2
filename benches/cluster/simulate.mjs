/**
 * How long a comparison in parts takes on a cluster, by simulation: what one part costs is measured (the benchmark `parts`), what the cluster
 * can do is stated. `node benches/cluster/simulate.mjs` prints the table of docs/scale.md.
 */
import { pathToFileURL } from 'node:url';
import { newestRecord } from '../harness/record.mjs';

/**
 * @typedef {object} Part What was measured of one part on one machine.
 * @property {number} start_seconds Node, both headers, the plan: before the first tensor is read.
 * @property {number} bytes_per_core_second Bytes of both sides that a core compares in a second.
 * @property {number} combine_seconds Opening, merging and the report, without the second look.
 *
 * @typedef {object} Cluster
 * @property {number} nodes That the queue gives at a time.
 * @property {number} cores A node, all for one part.
 * @property {number} node_bytes_per_second What a node's network gives.
 * @property {number} storage_bytes_per_second What the file system gives to all nodes together.
 * @property {number} starts_per_second Tasks that the scheduler starts in a second.
 * @property {number} start_seconds From the scheduler's decision to the first instruction.
 * @property {number} slow_share Share of the tasks on a node that runs at half speed.
 * @property {number} dollars_per_node_hour
 *
 * @typedef {object} Simulated
 * @property {number} seconds Until the report is there.
 * @property {number} node_seconds All nodes together, as they are paid.
 * @property {number} storage_share Mean load of the file system while parts read.
 */

/** A cluster in the cloud: nodes of 16 cores with 12.5 Gbit/s for 0.71 dollars an hour, and a parallel file system of 40 GB/s. @type {Cluster} */
export const CLUSTER = {
  nodes: 64,
  cores: 16,
  node_bytes_per_second: 12.5e9 / 8,
  storage_bytes_per_second: 40e9,
  starts_per_second: 5,
  start_seconds: 3,
  slow_share: 0.02,
  dollars_per_node_hour: 0.71,
};

/** Largest share of the bytes that `combine` reads again for its second look. */
const SECOND_LOOK = 0.1;

/**
 * Runs the tasks in order on the nodes that are free. Between two events all rates stand still: each task reads at the lowest of what its cores compare,
 * its node's network and its share of the file system give.
 *
 * @param {number} bytes of both sides
 * @param {number} parts
 * @param {Part} part
 * @param {Cluster} cluster
 * @returns {Simulated}
 */
export function simulate(bytes, parts, part, cluster) {
  const speed = Math.min(part.bytes_per_core_second * cluster.cores, cluster.node_bytes_per_second);
  // Every so many-th task is on a slow node, so that the result is the same each time.
  const period = cluster.slow_share > 0 ? Math.round(1 / cluster.slow_share) : Infinity;
  const waiting = Array.from({ length: parts }, (_, at) => ({
    // Half a period on, so that few parts have none of them.
    most: (at + Math.ceil(period / 2)) % period === 0 ? speed / 2 : speed,
    rate: 0,
    began: 0,
    reads: 0,
    left: bytes / parts,
  }));
  let [now, free, last, nodeSeconds, read, reading] = [0, cluster.nodes, -Infinity, 0, 0, 0];
  /** @type {typeof waiting} */
  let running = [];
  for (;;) {
    for (const task of waiting.splice(0, free)) {
      last = Math.max(now, last + 1 / cluster.starts_per_second);
      task.began = last;
      task.reads = last + cluster.start_seconds + part.start_seconds;
      running.push(task);
      free -= 1;
    }
    if (running.length === 0) break;
    const active = running.filter(({ reads }) => reads <= now);
    divide(cluster.storage_bytes_per_second, active);
    const next = running.map(({ reads, left, rate }) => (reads > now ? reads - now : left / rate));
    const step = Math.min(...next);
    for (const task of active) {
      const some = task.left / task.rate === step ? task.left : task.rate * step;
      task.left -= some;
      read += some;
    }
    if (active.length > 0) reading += step;
    now += step;
    for (const { left, began } of active) if (left <= 0) [free, nodeSeconds] = [free + 1, nodeSeconds + now - began];
    running = running.filter(({ left }) => left > 0);
  }
  // One part is a plain comparison, whose second look is part of it; its report is made by the same process.
  const tail =
    (parts === 1 ? 0 : cluster.start_seconds + part.start_seconds) +
    part.combine_seconds +
    (bytes * SECOND_LOOK) / Math.min(speed, cluster.storage_bytes_per_second);
  return {
    seconds: now + tail,
    node_seconds: nodeSeconds + tail,
    storage_share: read / (reading * cluster.storage_bytes_per_second),
  };
}

/**
 * Divides what the file system gives: nobody gets more than he can take, and what he leaves goes to the others (max-min fairness).
 * @param {number} total
 * @param {readonly { readonly most: number, rate: number }[]} tasks
 */
export function divide(total, tasks) {
  let [left, others] = [total, tasks.length];
  for (const task of tasks.toSorted((a, b) => a.most - b.most)) {
    task.rate = Math.min(task.most, left / others);
    left -= task.rate;
    others -= 1;
  }
}

/** Two checkpoints of 1 TB. */
export const PAIR_BYTES = 2e12;
export const PARTS = [1, 8, 64, 512];

/** The rows of docs/scale.md. @param {any} record @returns {string[]} */
export function renderSimulation({ benches, elsewhere }) {
  const measured = benches.parts ?? elsewhere.parts;
  if (measured === undefined) return ['Not measured yet: npm run bench -- parts'];
  /** @type {Part} */
  const part = measured.part;
  const rows = PARTS.map((parts) => {
    const { seconds, node_seconds: nodeSeconds, storage_share: load } = simulate(PAIR_BYTES, parts, part, CLUSTER);
    const dollars = (nodeSeconds / 3600) * CLUSTER.dollars_per_node_hour;
    return `| ${parts} | ${clock(seconds)} | ${(nodeSeconds / 3600).toFixed(2)} | $${dollars.toFixed(2)} | ${(load * 100).toFixed(0)}% |`;
  });
  return ['| parts | wall time | node hours | cost | file system |', '| ---: | ---: | ---: | ---: | ---: |', ...rows];
}

/** @param {number} seconds */
function clock(seconds) {
  return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(renderSimulation(newestRecord()).join('\n'));
