/** Sections on what the other benchmarks measure. */
import { groupBy, megabytes, missing, range, showRate, table, time } from './cells.mjs';

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
      groupBy(kernels.files, ['dtype', 'io', 'isa', 'forced', 'threads']).map((lines) => {
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

/** Wherever it was measured last. @param {any} record */
export function renderQuantised({ benches, elsewhere, machine }) {
  const quantised = benches.quantised ?? elsewhere.quantised;
  const absent = missing(quantised);
  if (absent !== null) return absent;
  const { cores, cpu } = quantised.machine ?? machine;
  return [
    `On one of ${cores} cores of ${cpu}:`,
    '',
    ...table(
      ['scheme', 'f32 that come out'],
      quantised.schemes.map((/** @type {any} */ line) => [`\`${line.scheme}\``, showRate(line.gb_per_second.median)]),
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
