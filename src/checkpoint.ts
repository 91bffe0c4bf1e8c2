import { formatNoun } from './analysis/wording.ts';
import { checkOptions, type OptionKind } from './check-options.ts';
import { argumentError } from './errors.ts';
import { readMemoryTensor, toTypedArray } from './memory.ts';
import { binding, runJob, threadCount, toFinding, unwrap } from './native.ts';
import type { NativeCheckpoint } from './native.ts';
import { LazyTensorInfo, NO_STATISTICS, columnReader, readStatistics, toNullable } from './tensor-info.ts';
import type { TensorStatistics } from './tensor-info.ts';
import { StatisticsStore } from './statistics-store.ts';
import { readTensorTable } from './tensor-table.ts';
import type { TensorTable } from './tensor-table.ts';
import type {
  CheckpointFormat,
  CheckpointJson,
  Finding,
  LoadOptions,
  ReadOptions,
  RunOptions,
  TensorData,
  TensorInfo,
  TensorValues,
} from './types.ts';

/** Types whose values f32 cannot hold. */
const WIDE_DTYPES: ReadonlySet<string> = new Set(['f64', 'i64', 'u64', 'i32', 'u32']);

/**
 * A set of named tensors and where they lie. Holds descriptions only: data is read when it is asked for.
 *
 * @example
 * const checkpoint = await loadCheckpoint('model.safetensors');
 * for (const [name, info] of checkpoint.tensorInfo) console.log(name, info.shape, info.mean);
 */
export class Checkpoint {
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Free-form texts of the file, as safetensors' `__metadata__`; an object without prototype. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Content of `config.json` beside the weights, null without one. */
  readonly config: unknown;
  /** Content of further configuration files beside the weights, by name (`generation_config.json`, `unet/config.json`). */
  readonly configs: Readonly<Record<string, unknown>>;
  /** What was noticed about the files that did not keep them from being read. */
  readonly findings: readonly Finding[];
  /** Files that hold the tensors. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** @internal */
  readonly native: NativeCheckpoint;
  /** @internal */
  readonly table: TensorTable;
  /** @internal What is known without another look at the data. */
  readonly statistics: StatisticsStore;
  #tensorInfo: ReadonlyMap<string, TensorInfo> | undefined;

  /** @internal */
  constructor(native: NativeCheckpoint) {
    const description = unwrap(native.describe());
    this.native = native;
    this.table = readTensorTable(unwrap(native.tensors()));
    this.statistics = new StatisticsStore(this.table.names.length);
    this.path = description.path;
    this.format = description.format as CheckpointFormat;
    const metadata = Object.create(null) as Record<string, string>;
    for (const { key, value } of description.metadata) metadata[key] = value;
    this.metadata = metadata;
    this.config = description.config === undefined ? null : (JSON.parse(description.config) as unknown);
    const configs = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of description.configs) configs[key] = JSON.parse(value) as unknown;
    this.configs = configs;
    this.findings = description.findings.map(toFinding);
    this.files = description.files;
  }

  /**
   * A checkpoint of tensors that the caller holds in memory. Their data is copied.
   *
   * @throws `ModelDiffError` of kind `Argument` when a shape does not fit its data.
   */
  static fromTensors(tensors: Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>): Checkpoint {
    const entries = tensors instanceof Map ? [...tensors.entries()] : Object.entries(tensors as Record<string, TensorData>);
    return new Checkpoint(unwrap(binding().memoryCheckpoint(entries.map(([name, tensor]) => readMemoryTensor(name, tensor)))));
  }

  /** Every tensor by name, in the order of the file. Statistics of a tensor are read when they are first looked at. */
  get tensorInfo(): ReadonlyMap<string, TensorInfo> {
    this.#tensorInfo ??= new Map(this.table.names.map((name, row) => [name, this.#describe(row)]));
    return this.#tensorInfo;
  }

  /** Elements of all tensors. */
  get numParameters(): number {
    return this.table.elements.reduce((sum, count) => sum + count, 0);
  }

  /** Bytes of all tensors. */
  get sizeBytes(): number {
    return this.table.bytes.reduce((sum, count) => sum + count, 0);
  }

  /** Names of all tensors, in the order of the file. */
  get layerNames(): readonly string[] {
    return this.table.names;
  }

  getInfo(name: string): TensorInfo | undefined {
    return this.tensorInfo.get(name);
  }

  /**
   * Names that match, wherever the pattern is found in them.
   *
   * @throws `ModelDiffError` of kind `Argument` for what is no regular expression.
   */
  getLayersByPattern(pattern: string | RegExp): string[] {
    const regex = compilePattern(pattern);
    return this.table.names.filter((name) => regex.test(name));
  }

  /**
   * A copy of a tensor's elements, or of a part of them.
   *
   * @throws `ModelDiffError`: no such tensor, a range outside it, or what keeps it from being read.
   */
  getTensor(name: string, options: ReadOptions & { readonly as: 'f32' }): Promise<TensorValues<Float32Array>>;
  getTensor(name: string, options: ReadOptions & { readonly as: 'f64' }): Promise<TensorValues<Float64Array>>;
  getTensor(
    name: string,
    options?: ReadOptions & { readonly as?: 'f32' | 'f64' },
  ): Promise<TensorValues<Float32Array | Float64Array>>;
  getTensor(name: string, options: ReadOptions): Promise<TensorValues>;
  async getTensor(name: string, options: ReadOptions = {}): Promise<TensorValues> {
    const row = this.table.find(name);
    if (row === undefined) throw argumentError(`no tensor is called ${name}`, 'layerNames lists the names');
    const dtype = this.table.dtype(row);
    const as = options.as ?? (WIDE_DTYPES.has(dtype) ? 'f64' : 'f32');
    if (!['f32', 'f64', 'raw'].includes(as)) throw argumentError(`as must be 'f32', 'f64' or 'raw', not ${JSON.stringify(as)}`);
    const isRaw = this.table.raw.has(row);
    if (isRaw && as !== 'raw') {
      throw argumentError(
        `tensor ${name} has a dtype that is not known here (${dtype})`,
        "only its bytes can be read: { as: 'raw' }",
      );
    }
    const elements = (isRaw ? this.table.bytes : this.table.elements)[row] ?? 0;
    const start = options.start ?? 0;
    const length = options.length ?? elements - start;
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length >= 0)) {
      throw argumentError(`start and length must be whole numbers inside the tensor of ${formatNoun(elements, 'element')}`);
    }
    const run = options.signal === undefined ? {} : { signal: options.signal };
    const bytes = await runJob('statistics', run, (control) => this.native.read(row, start, length, as, control));
    const isWhole = options.start === undefined && options.length === undefined;
    return { data: toTypedArray(bytes, as === 'raw' ? dtype : as), shape: isWhole ? this.table.shape(row) : [length], dtype };
  }

  /**
   * Computes the statistics of the named tensors, or of all, in one parallel pass; later looks at them cost nothing.
   *
   * @throws `ModelDiffError` for a name that does not exist, or a file that cannot be read.
   */
  async computeStats(names?: readonly string[], options: RunOptions & { readonly threads?: number } = {}): Promise<void> {
    const wanted = names?.map((name) => {
      const row = this.table.find(name);
      if (row === undefined) throw argumentError(`no tensor is called ${name}`, 'layerNames lists the names');
      return row;
    });
    const rows =
      wanted ?? this.table.names.map((_, row) => row).filter((row) => !this.table.errors.has(row) && !this.table.raw.has(row));
    const threads = threadCount(options.threads);
    const result = await runJob('statistics', options, (control) => this.native.computeStatistics(rows, threads, control));
    const [failure] = result.failures;
    if (failure !== undefined && wanted !== undefined) unwrap(failure.failure);
    this.statistics.put(result, rows);
  }

  #readStatistics(row: number): TensorStatistics {
    const known = this.statistics.get(row);
    if (known !== undefined) return known;
    if (this.table.errors.has(row) || this.table.raw.has(row)) return NO_STATISTICS;
    const found = unwrap(this.native.statistics(row));
    this.statistics.put(found, [row]);
    return readStatistics(columnReader(found), 0);
  }

  #describe(row: number): TensorInfo {
    return new LazyTensorInfo(
      {
        name: this.table.names[row] ?? '',
        shape: this.table.shape(row),
        dtype: this.table.dtype(row),
        numElements: this.table.elements[row] ?? 0,
        sizeBytes: this.table.bytes[row] ?? 0,
        error: this.table.errors.get(row)?.message ?? null,
      },
      () => this.#readStatistics(row),
    );
  }

  /** Plain data; statistics only of tensors whose statistics are known already. */
  toJSON(): CheckpointJson {
    const layers = Object.create(null) as Record<string, unknown>;
    for (const [row, name] of this.table.names.entries()) {
      const known = this.statistics.get(row);
      layers[name] = {
        name,
        shape: this.table.shape(row),
        dtype: this.table.dtype(row),
        num_elements: this.table.elements[row] ?? 0,
        size_bytes: this.table.bytes[row] ?? 0,
        mean: toNullable(known?.mean),
        std: toNullable(known?.std),
        min: toNullable(known?.min),
        max: toNullable(known?.max),
        sparsity: toNullable(known?.sparsity),
        error: this.table.errors.get(row)?.message ?? null,
      };
    }
    return {
      path: this.path,
      format: this.format,
      num_parameters: this.numParameters,
      size_bytes: this.sizeBytes,
      num_layers: this.table.names.length,
      metadata: this.metadata,
      config: this.config,
      layers,
    };
  }

  /** Lets go of the files; what runs at the moment still ends. May be called again. */
  close(): void {
    this.native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/**
 * Opens a checkpoint: a file, or a directory as Hugging Face writes them. Reads headers only, so it is always fast.
 *
 * @throws `ModelDiffError` for what is missing, broken, hostile or not readable yet.
 */
export async function loadCheckpoint(path: string, options: LoadOptions = {}): Promise<Checkpoint> {
  if (typeof path !== 'string' || path === '')
    throw argumentError(
      `path must be a text, not ${path === '' ? 'an empty one' : typeof path}`,
      'checkpoints that are open are compared with new ModelDiff().diff(old, new)',
    );
  checkOptions(options, LOAD_OPTIONS);
  const open = {
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    includeOptimizer: options.includeOptimizer ?? false,
    limits: Object.entries(options.limits ?? {}).map(([name, value]) => readLimit(name, value)),
  };
  const native = await runJob(
    'open',
    options,
    (control) => binding().openCheckpoint(path, open, control),
    (late) => late.close(),
  );
  const checkpoint = new Checkpoint(native);
  if (options.computeStats !== true) return checkpoint;
  try {
    await checkpoint.computeStats(undefined, options);
    return checkpoint;
  } catch (error) {
    checkpoint.close();
    throw error;
  }
}

function compilePattern(pattern: string | RegExp): RegExp {
  try {
    return new RegExp(pattern, typeof pattern === 'string' ? 'u' : pattern.flags.replace(/[gy]/gu, ''));
  } catch (cause) {
    throw argumentError(
      `${JSON.stringify(pattern)} is no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
      'give a regular expression as JavaScript spells it',
    );
  }
}

const LOAD_OPTIONS: Readonly<Record<keyof LoadOptions, OptionKind>> = {
  computeStats: 'flag',
  key: 'text',
  variant: 'text',
  includeOptimizer: 'flag',
  limits: 'other',
  signal: 'other',
  onProgress: 'other',
};

function readLimit(name: string, value: number): { name: string; value: number } {
  if (!Number.isSafeInteger(value) || value < 0)
    throw argumentError(`limit ${name} must be a whole number of at least 0, not ${String(value)}`);
  return { name, value };
}

/** The original's loader: the same as {@link loadCheckpoint}, with its options given once. */
export class CheckpointLoader {
  readonly #options: LoadOptions;

  constructor(options: LoadOptions = {}) {
    this.#options = options;
  }

  load(path: string): Promise<Checkpoint> {
    return loadCheckpoint(path, this.#options);
  }

  /** The format of a file or directory by its content, `unknown` when no reader claims it. */
  async detectFormat(path: string): Promise<CheckpointFormat> {
    return (await runJob('open', this.#options, (control) => binding().detectFormat(path, control))) as CheckpointFormat;
  }
}
