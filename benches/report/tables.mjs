/** The tables of docs/benchmarks.md and README.md, made from a record. A section is a function that gives lines of Markdown. */
import { judge } from '../targets.mjs';
import { limitRate, showRate, showTimes } from './chart.mjs';

/** @typedef {import('../harness/spread.mjs').Spread} Spread */

const megabytes = (/** @type {Spread | undefined} */ spread) => (spread ? `${Math.round(spread.median / 1e6)} MB` : '');
const time = (/** @type {number} */ seconds) =>
  seconds >= 1 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : `${(seconds * 1000).toFixed(0)} ms`;
const range = (/** @type {Spread} */ { min, median, max }, digits = 2) =>
  `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number)[])[]} rows
 */
function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** What every section says when its benchmark is not in the record. @param {any} result */
function missing(result) {
  if (result === undefined) return ['Not in the record.'];
  return typeof result.absent === 'string' ? [`Absent: ${result.absent}.`] : null;
}

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
  return table(['', 'benchmark', 'target', 'result', ''], rows);
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

/** @param {any} record */
export function renderScaling({ benches: { scaling } }) {
  const absent = missing(scaling);
  if (absent !== null) return absent;
  const { sizes, threads, fit, left_out_bytes: leftOut } = scaling;
  return [
    ...table(
      ['a side', 'time', 'both sides', 'peak memory', 'anonymous'],
      sizes.map((/** @type {any} */ row) => [
        `${(row.bytes / 2e9).toFixed(2)} GB`,
        time(row.seconds.median),
        showRate(row.gb_per_second.median),
        megabytes(row.peak_bytes),
        megabytes(row.peak_anonymous_bytes),
      ]),
    ),
    '',
    ...(fit === null
      ? []
      : [
          `Line through these: ${time(Math.max(0, fit.fixed_seconds))} and ${showRate(fit.gb_per_second)}; the worst deviation is ${(fit.worst_deviation * 100).toFixed(0)} % of the time.`,
        ]),
    ...(leftOut.length === 0
      ? []
      : [
          `Left out, too large for the disk that was allowed: ${leftOut.map((/** @type {number} */ b) => `${b / 1e9} GB`).join(', ')}.`,
        ]),
    ...(threads === null
      ? []
      : [
          '',
          ...table(
            ['threads', 'time', 'times as fast as one'],
            threads.map((/** @type {any} */ row) => [row.threads, time(row.seconds.median), range(row.faster_than_one)]),
          ),
        ]),
  ];
}

/** @param {any} record */
export function renderKernels({ benches: { kernels } }) {
  const absent = missing(kernels);
  if (absent !== null) return absent;
  return [
    'In the cache, one thread, GB/s of both sides:',
    '',
    ...table(
      ['type', 'instructions', 'fast', 'fast, equal sides', 'double', 'plain sum'],
      groupBy(
        kernels.cache.filter((/** @type {any} */ line) => line.isa),
        ['dtype', 'isa'],
      ).map((lines) => {
        const [{ dtype, isa }] = lines;
        const rate = (/** @type {string} */ kind) =>
          lines.find((line) => line.kind === kind)?.gb_per_second.median.toFixed(1) ?? '';
        const sum = kernels.cache.find((/** @type {any} */ line) => line.dtype === dtype && line.kind === 'sum');
        return [dtype, isa, rate('fast'), rate('equal'), rate('double'), sum?.gb_per_second.median.toFixed(1) ?? ''];
      }),
    ),
    '',
    `On warm files of ${(kernels.file_bytes / 2 ** 20).toFixed(0)} MiB, share of a plain sum of the same bytes read the same way:`,
    '',
    ...table(
      ['type', 'reading', 'instructions', 'threads', 'plain sum', 'fast', 'double'],
      groupBy(kernels.files, ['dtype', 'io', 'isa', 'threads']).map((lines) => {
        const [{ dtype, io, isa, threads }] = lines;
        const of = (/** @type {string} */ method) => lines.find((line) => line.method === method);
        return [
          dtype,
          io,
          isa,
          threads,
          showRate(of('sum')?.gb_per_second.median),
          of('fast')?.of_sum.median.toFixed(2),
          of('double')?.of_sum.median.toFixed(2),
        ];
      }),
    ),
  ];
}

/** @param {any} record */
export function renderEdges({ benches: { tiny, giant, sparse, formats } }) {
  const rows = [];
  if (tiny) {
    rows.push(
      [
        `opening ${tiny.tensors} tensors in ${tiny.shards} files`,
        time(tiny.open.seconds.median),
        megabytes(tiny.open.peak_bytes),
      ],
      ['comparing them through the package', time(tiny.compare.seconds.median), megabytes(tiny.compare.peak_bytes)],
      ...tiny.engine.map((/** @type {any} */ row) => [
        `the engine alone, a tensor of 32 elements, ${row.threads} threads`,
        `${row.ns_a_tensor.median.toFixed(0)} ns`,
        '',
      ]),
    );
  }
  if (sparse) {
    for (const row of [sparse.large, sparse.small])
      rows.push(
        [
          `opening both sides, ${row.tensors} tensors of ${(row.bytes / 1e9).toFixed(0)} GB`,
          time(row.open.seconds.median),
          megabytes(row.open.peak_bytes),
        ],
        ['planning that, in the core', time(row.core_plan_seconds.median), ''],
      );
  }
  if (giant) {
    const name = `one tensor of ${(giant.bytes / 2e9).toFixed(1)} GB`;
    rows.push(
      [`${name}, one thread`, time(giant.one_thread.seconds.median), megabytes(giant.one_thread.peak_bytes)],
      [
        `${name}, ${giant.all_threads.threads} threads: ${range(giant.all_over_one)} times as fast`,
        time(giant.all_threads.seconds.median),
        megabytes(giant.all_threads.peak_bytes),
      ],
    );
  }
  if (formats) {
    rows.push(
      [
        `${(formats.bytes / 2e9).toFixed(1)} GB a side, safetensors`,
        time(formats.safetensors.seconds.median),
        megabytes(formats.safetensors.peak_bytes),
      ],
      [
        `the same as \`.pt\`: ${range(formats.pytorch_over_safetensors)} times the time`,
        time(formats.pytorch.seconds.median),
        megabytes(formats.pytorch.peak_bytes),
      ],
    );
  }
  return rows.length === 0 ? ['Not in the record.'] : table(['', 'time', 'peak memory'], rows);
}

/** @param {any} record */
export function renderCold({ benches: { cold } }) {
  const absent = missing(cold);
  if (absent !== null) return absent;
  return table(
    ['', 'time', 'both sides'],
    [
      ['cat', time(cold.cat.seconds.median), showRate(cold.cat.gb_per_second.median)],
      [
        `model-diff: ${range(cold.of_cat)} of its speed`,
        time(cold.model_diff.seconds.median),
        showRate(cold.model_diff.gb_per_second.median),
      ],
    ],
  );
}

/** @param {any} record */
export function renderInstructions({ benches: { instructions } }) {
  const absent = missing(instructions);
  if (absent !== null) return absent;
  const [first, second] = instructions.runs;
  return table(
    ['', 'a tensor', 'second count'],
    Object.entries(first).map(([step, count]) => [
      step,
      Math.round(Number(count) / instructions.tensors),
      `${((second[step] / Number(count) - 1) * 100).toFixed(3)} %`,
    ]),
  );
}

/** The few lines of README.md. @param {any} record */
export function renderSummary(record) {
  const { whole } = record.benches;
  const { cores, cpu, node } = record.machine;
  const verdicts = judge(record).map(({ verdict }) => verdict);
  const count = (/** @type {string} */ verdict) => verdicts.filter((one) => one === verdict).length;
  return [
    '![Bytes compared a second](docs/benchmarks.svg)',
    '',
    `Two bf16 checkpoints of ${(whole.bytes / 2e9).toFixed(1)} GB each, all metrics, warm, ${cores} cores of ${cpu}, Node ${node}, ${record.date.slice(0, 10)}:`,
    `${time(whole.model_diff.seconds.median)} through the package, ${whole.model_diff.of_limit.median.toFixed(2)} of the speed at which these bytes can be read at all,`,
    `with a peak of ${megabytes(whole.model_diff.peak_bytes)}. ${count('met')} of ${verdicts.length} targets are met, ${count('missed')} missed, ${count('not measured')} not measured:`,
    '[docs/benchmarks.md](docs/benchmarks.md) has them all.',
  ];
}

/**
 * @param {readonly any[]} lines
 * @param {readonly string[]} keys
 * @returns {any[][]}
 */
function groupBy(lines, keys) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const line of lines) {
    const key = keys.map((name) => line[name]).join(' ');
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()];
}
