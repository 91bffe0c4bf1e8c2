/** Sections on the machine, the targets and the whole comparison. Each is a function that gives lines of Markdown. */
import { judge } from '../targets.mjs';
import { limitRate, megabytes, range, showRate, showTimes, table, time } from './cells.mjs';

/** @param {any} record */
export function renderMachine({ machine, date, version, benches }) {
  const commits = [...new Set(Object.values(benches).map(({ commit }) => commit))].join(', ');
  return [
    `${machine.cores} cores of ${machine.cpu}, ${(machine.memory_bytes / 1e9).toFixed(0)} GB of memory, ${machine.system}, Node ${machine.node},`,
    `${machine.rustc ?? 'no rustc'}; model-diff ${version} at ${commits}, ${date.slice(0, 10)}.`,
  ];
}

/** @param {any} record */
export function renderTargets(record) {
  const rows = judge(record).map(({ what, bench, wanted, value, verdict }) => [
    what,
    `\`${bench}\``,
    wanted,
    value,
    verdict === 'missed' ? '**missed**' : verdict,
  ]);
  const elsewhere = Object.entries(record.elsewhere).map(
    ([name, { machine, commit, date }]) =>
      `\`${name}\` on ${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, at ${commit}, ${date.slice(0, 10)}`,
  );
  const lines = table(['', 'benchmark', 'target', 'result', ''], rows);
  return elsewhere.length === 0 ? lines : [...lines, '', `Measured apart from the others: ${elsewhere.join('; ')}.`];
}

/** @param {any} record */
export function renderWhole({ benches: { whole } }) {
  const own = whole.model_diff;
  const rows = [
    ['read limit (plain sum of all bytes)', '', showRate(limitRate(whole)), '', ''],
    ['**model-diff**, package', time(own.seconds.median), showRate(own.gb_per_second.median), megabytes(own.peak_bytes), '1'],
    ...Object.entries(whole.peers).map(([name, peer]) => [
      `${name} (${peer.version.replace(/ \(GNU [^)]*\)/u, '')}): ${peer.what}`,
      time(peer.seconds.median),
      showRate(peer.gb_per_second.median),
      megabytes(peer.peak_bytes),
      showTimes(peer.times_model_diff.median),
    ]),
  ];
  const absent = Object.entries(whole.absent).map(([name, why]) => `${name} (${why})`);
  return [
    `Two bf16 checkpoints of ${(whole.bytes / 2e9).toFixed(2)} GB each, ${whole.tensors} tensors in ${whole.shards} files a side, warm; medians of ${whole.rounds} rounds, of other tools fewer.`,
    '',
    ...table(['', 'time', 'both files', 'peak memory', 'times model-diff'], rows),
    '',
    `Share of the read limit: ${range(own.of_limit)} for the call, ${range(own.process_of_limit)} for the whole process with the start of Node.`,
    ...(absent.length === 0 ? [] : [`Absent, unable or too slow: ${absent.join(', ')}.`]),
  ];
}

/** @param {any} record */
export function renderMemory({ benches: { whole } }) {
  const { memory, model_diff: own } = whole;
  const mib = (/** @type {number} */ bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return table(
    ['', 'median', 'highest'],
    [
      ['peak resident memory, file pages and Node included', mib(own.peak_bytes.median), mib(own.peak_bytes.max)],
      ['anonymous memory of bare Node', mib(memory.bare_node_anonymous_bytes.median), mib(memory.bare_node_anonymous_bytes.max)],
      [
        'anonymous memory above that',
        mib(memory.anonymous_over_bare_node_bytes.median),
        mib(memory.anonymous_over_bare_node_bytes.max),
      ],
      ['allowed', mib(memory.allowed_bytes), ''],
      ['minor page faults', own.minor_faults.median, own.minor_faults.max],
      ['major page faults', own.major_faults.median, own.major_faults.max],
    ],
  );
}

/** README.md is shown by the registry too, where relative links lead nowhere. */
const PAGES = 'https://github.com/model-diff/model-diff/blob/main/';
const RAW = 'https://raw.githubusercontent.com/model-diff/model-diff/main/';

/** Time and memory beside the tools that README.md names. @param {any} record */
export function renderBeside({ benches: { whole } }) {
  const row = (/** @type {string} */ name, /** @type {any} */ { seconds, peak_bytes: peak }) => [
    name,
    time(seconds.median),
    megabytes(peak),
  ];
  const scripts = Object.entries(whole.peers).filter(([name]) => name !== 'cmp' && !name.startsWith('cat'));
  return [
    `Two bf16 checkpoints of ${(whole.bytes / 2e9).toFixed(1)} GB each; *scripts* are what people write, *careful* ones what one who knows the hardware would:`,
    '',
    ...table(
      ['', 'time', 'peak memory'],
      [row('**model-diff**', whole.model_diff), ...scripts.map(([name, peer]) => row(name, peer))],
    ),
  ];
}

/** The few lines of README.md. @param {any} record */
export function renderSummary(record) {
  const { whole } = record.benches;
  const { cores, cpu, node } = record.machine;
  const verdicts = judge(record).map(({ verdict }) => verdict);
  const count = (/** @type {string} */ verdict) => verdicts.filter((one) => one === verdict).length;
  const open = count('not measured');
  return [
    `![Bytes compared a second](${RAW}docs/benchmarks.svg)`,
    '',
    `Two bf16 checkpoints of ${(whole.bytes / 2e9).toFixed(1)} GB each, all metrics, warm, ${cores} cores of ${cpu}, Node ${node}, ${record.date.slice(0, 10)}:`,
    `${time(whole.model_diff.seconds.median)} through the package, ${whole.model_diff.of_limit.median.toFixed(2)} of the speed of a plain sum of these bytes,`,
    `with a peak of ${megabytes(whole.model_diff.peak_bytes)}. ${count('met')} of ${verdicts.length} targets are met, ${count('missed')} missed${open === 0 ? '' : `, ${open} not measured`}:`,
    `[docs/benchmarks.md](${PAGES}docs/benchmarks.md) has them all.`,
  ];
}
