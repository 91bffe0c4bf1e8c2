/** What the benchmarks are held to. Each target stands beside its result in docs/benchmarks.md, met or missed. */

/**
 * @typedef {import('./harness/spread.mjs').Spread} Spread
 *
 * @typedef {object} Target
 * @property {string} what
 * @property {string} bench
 * @property {'at least' | 'at most'} side
 * @property {(result: any) => number | undefined} target
 * @property {(result: any) => number | undefined} found The median; undefined where the record does not have it.
 * @property {(value: number) => string} [show]
 */

const ratio = (/** @type {number} */ value) => value.toFixed(2);
const times = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 1 : 0)} times`;
const mebibytes = (/** @type {number} */ value) => `${(value / 2 ** 20).toFixed(0)} MiB`;
const seconds = (/** @type {number} */ value) => `${value.toFixed(2)} s`;

/** @param {string} peer @param {number} target @returns {Target} */
function beats(peer, target) {
  return {
    what: `faster than ${peer}`,
    bench: 'whole',
    side: 'at least',
    target: () => target,
    found: ({ peers }) => peers?.[peer]?.times_model_diff.median,
    show: times,
  };
}

/** Rows of the engine on files. @type {readonly [string, (line: any, cores: number) => boolean, readonly [number, number, number]][]} */
const ENGINE = [
  [
    'map, one thread',
    ({ io, forced, threads, method }) => io === 'mmap' && !forced && threads === 1 && method === 'fast',
    [0.95, 0.8, 0.7],
  ],
  [
    'map, all cores',
    ({ io, forced, threads, method }, n) => io === 'mmap' && !forced && threads === n && method === 'fast',
    [0.95, 0.87, 0.75],
  ],
  [
    'positioned reads, one thread',
    ({ io, threads, method }) => io === 'pread' && threads === 1 && method === 'fast',
    [0.8, 0.66, 0.6],
  ],
  [
    'AVX2 forced, map, one thread',
    ({ io, forced, threads, method }) => io === 'mmap' && forced && threads === 1 && method === 'fast',
    [0.85, 0.55, 0.5],
  ],
  [
    'double precision, map, all cores',
    ({ io, forced, threads, method }, n) => io === 'mmap' && !forced && threads === n && method === 'double',
    [0.55, 0.4, 0.35],
  ],
];

/**
 * @param {string} dtype
 * @param {string} what
 * @param {(line: any, cores: number) => boolean} isRow
 * @param {number} target
 * @returns {Target}
 */
function engine(dtype, what, isRow, target) {
  return {
    what: `engine on ${dtype} files over a plain sum: ${what}`,
    bench: 'kernels',
    side: 'at least',
    target: () => target,
    found: ({ files }) => {
      const cores = Math.max(...files.map((/** @type {any} */ line) => line.threads));
      return files.find((/** @type {any} */ line) => line.dtype === dtype && isRow(line, cores))?.of_sum.median;
    },
    show: ratio,
  };
}

/** Web pages: tensors, megabytes at most, seconds until one can be used. @type {readonly (readonly [number, number, number])[]} */
const PAGES = [
  [100, 0.15, 0.5],
  [1000, 0.4, 0.5],
  [10_000, 1.5, 0.5],
  [100_000, 10, 2],
];

/**
 * @param {number} tensors
 * @param {string} what
 * @param {number} target
 * @param {(row: any) => number | undefined} read
 * @param {(value: number) => string} show
 * @returns {Target}
 */
function page(tensors, what, target, read, show) {
  return {
    what: `web page of ${tensors.toLocaleString('en')} tensors: ${what}`,
    bench: 'pages',
    side: 'at most',
    target: () => target,
    found: ({ pages }) => read(pages.find((/** @type {any} */ row) => row.tensors === tensors) ?? {}),
    show,
  };
}

/** Schemes that are read at least at 2 GB/s of f32 a core. */
const SCHEMES = ['q4_k', 'q8_0', 'bnb nf4 g64', 'fp8 e4m3 128x128', 'awq int4 g128', 'gptq int4 g128'];

/** @param {string} scheme @returns {Target} */
function quantised(scheme) {
  return {
    what: `${scheme} as f32, one thread`,
    bench: 'quantised',
    side: 'at least',
    target: () => 2,
    found: ({ schemes }) => schemes.find((/** @type {any} */ line) => line.scheme === scheme)?.gb_per_second.median,
    show: (value) => `${value.toFixed(1)} GB/s`,
  };
}

/** @type {readonly Target[]} */
export const TARGETS = [
  {
    what: 'share of the read limit, through the package, all cores',
    bench: 'whole',
    side: 'at least',
    target: () => 0.8,
    found: ({ model_diff: own }) => own.of_limit.median,
    show: ratio,
  },
  beats('torch script', 100),
  beats('numpy script', 80),
  beats('numpy, careful', 10),
  beats('cat > /dev/null', 2),
  beats('cmp', 4),
  {
    what: 'anonymous memory over bare Node (2 MiB a thread, 1 KiB a tensor, 32 MiB)',
    bench: 'whole',
    side: 'at most',
    target: ({ memory }) => memory.allowed_bytes,
    found: ({ memory }) => memory.anonymous_over_bare_node_bytes.median,
    show: mebibytes,
  },
  ...['f32', 'bf16', 'f16'].flatMap((dtype, at) =>
    ENGINE.map(([what, isRow, targets]) => engine(dtype, what, isRow, targets[at] ?? 0)),
  ),
  ...SCHEMES.map(quantised),
  ...['version', 'help'].map((call) => ({
    what: `--${call} over node -e 0`,
    bench: 'start',
    side: /** @type {const} */ ('at most'),
    target: () => 1.3,
    found: (/** @type {any} */ { seconds }) => seconds[call].median / seconds.node.median,
    show: ratio,
  })),
  {
    what: 'two small checkpoints (1.3 times node -e 0, and 40 ms)',
    bench: 'start',
    side: 'at most',
    target: ({ seconds }) => 1.3 * seconds.node.median + 0.04,
    found: ({ seconds }) => seconds.compare.median,
    show: (value) => `${(value * 1000).toFixed(0)} ms`,
  },
  ...PAGES.flatMap(([tensors, megabytesAtMost, usable]) => [
    page(
      tensors,
      'size',
      megabytesAtMost * 1e6,
      ({ bytes }) => bytes,
      (value) => `${(value / 1e6).toFixed(2)} MB`,
    ),
    page(tensors, 'usable after', usable, (row) => row.usable?.median, seconds),
  ]),
  page(10_000, 'first paint after', 0.1, (row) => row.first_paint?.median, seconds),
  {
    what: 'opening 100,000 tensors in 200 files',
    bench: 'tiny',
    side: 'at most',
    target: () => 1,
    found: ({ open }) => open.seconds.median,
    show: seconds,
  },
  {
    what: 'peak memory of opening them, Node included',
    bench: 'tiny',
    side: 'at most',
    target: () => 200e6,
    found: ({ open }) => open.peak_bytes?.median,
    show: (value) => `${(value / 1e6).toFixed(0)} MB`,
  },
  {
    what: 'opening 1 TB over opening as many tensors of 1 GB',
    bench: 'sparse',
    side: 'at most',
    target: () => 1.1,
    found: ({ large_over_small: over }) => over.open_seconds.median,
    show: times,
  },
  {
    what: 'speed over that of cat, nothing in the page cache',
    bench: 'cold',
    side: 'at least',
    target: () => 0.9,
    found: ({ of_cat: over }) => over?.median,
    show: ratio,
  },
  {
    what: '.pt over safetensors',
    bench: 'formats',
    side: 'at most',
    target: () => 1.1,
    found: ({ pytorch_over_safetensors: over }) => over.median,
    show: ratio,
  },
  {
    what: 'deviation of the time from a straight line over size',
    bench: 'scaling',
    side: 'at most',
    target: () => 0.15,
    found: ({ fit }) => fit?.worst_deviation,
    show: (value) => `${(value * 100).toFixed(0)} %`,
  },
  {
    what: 'peak memory of the largest over that of the smallest',
    bench: 'scaling',
    side: 'at most',
    target: () => 1.5,
    found: ({ fit }) => fit?.largest_over_smallest_peak,
    show: times,
  },
];

/**
 * Every target with what a record has of it.
 * @param {any} record
 */
export function judge(record) {
  return TARGETS.map(({ what, bench, side, target, found, show = String }) => {
    const result = record?.benches[bench] ?? record?.elsewhere[bench];
    const isThere = result !== undefined && typeof result.absent !== 'string';
    const [wanted, value] = isThere ? [target(result), found(result)] : [undefined, undefined];
    if (wanted === undefined || value === undefined || !Number.isFinite(value))
      return { what, bench, wanted: '', value: '', verdict: 'not measured' };
    const isMet = side === 'at least' ? value >= wanted : value <= wanted;
    return { what, bench, wanted: `${side} ${show(wanted)}`, value: show(value), verdict: isMet ? 'met' : 'missed' };
  });
}
