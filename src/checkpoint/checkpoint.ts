import { argumentError } from '../errors.ts';
import { binding, type NativeCheckpoint } from '../native/binding.ts';
import { toFinding, unwrap } from '../native/failure.ts';
import { runJob } from '../native/job.ts';
import { threadCount } from '../native/threads.ts';
import { abortSignal, callback, checkOptions, findNearest, type OptionsOf, spell, texts, wholeNumber } from '../options.ts';
import { readMemoryTensors } from './memory.ts';
import { readTensor } from './read-tensor.ts';
import { readViews } from './read-views.ts';
import { StatisticsStore } from './statistics.ts';
import {
  columnReader,
  describeTensor,
  LazyTensorInfo,
  NO_STATISTICS,
  readStatistics,
  type StatisticsSource,
  type TensorStatistics,
} from './tensor-info.ts';
import { readTensorTable, type TensorTable } from './tensor-table.ts';
import { LazyTensorView } from './tensor-view.ts';
import type {
  CheckpointFile,
  CheckpointFormat,
  CheckpointJson,
  CheckpointTensor,
  Finding,
  LeftOut,
  MappingCandidate,
  ReadOptions,
  RunOptions,
  TensorData,
  TensorJson,
  TensorValues,
} from './types.ts';
import { encodeOperations } from './view-operations.ts';
import type { TensorView, ViewOperation, ViewOptions } from './view-types.ts';

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
  /** Free-form texts of the file, as safetensors' `__metadata__`, the keys of a GGUF file, or how a PyTorch file describes torchao's tensors; an object without prototype. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether a folder was looked at: only then is configuration that is not there absent, and not just unknown. */
  readonly hasFolder: boolean;
  /** Content of `config.json` beside the weights, null without one. */
  readonly config: unknown;
  /** Content of further configuration files beside the weights, by name (`generation_config.json`, `unet/config.json`). */
  readonly configs: Readonly<Record<string, unknown>>;
  /** What was noticed about the files that did not keep them from being read. */
  readonly findings: readonly Finding[];
  /** Files that hold the tensors. */
  readonly files: readonly CheckpointFile[];
  /** What holds tensors, or could, and is not among them. */
  readonly leftOut: readonly LeftOut[];
  /** The mappings of a PyTorch file that hold tensors; empty where there is no choice. */
  readonly candidates: readonly MappingCandidate[];
  /** @internal Whether quantised tensors are what the file stores. */
  readonly isRaw: boolean;
  /** @internal Whether bytes of it come from a server. */
  readonly isRemote: boolean;
  /** @internal */
  readonly native: NativeCheckpoint;
  /** @internal */
  readonly table: TensorTable;
  /** @internal What is known without another look at the data. */
  readonly statistics: StatisticsStore;
  readonly #source: StatisticsSource = {
    read: (row) => this.#readStatistics(row),
    known: (row) => this.statistics.get(row),
  };
  #tensorInfo: ReadonlyMap<string, CheckpointTensor> | undefined;
  #isClosed = false;

  private constructor(native: NativeCheckpoint, isRaw: boolean) {
    if (typeof (native as Partial<NativeCheckpoint> | undefined)?.describe !== 'function')
      throw argumentError(
        `a Checkpoint is not constructed, least of all with ${spell(native)}`,
        'loadCheckpoint opens files, and Checkpoint.fromTensors takes tensors in memory',
      );
    const description = unwrap(native.describe());
    this.native = native;
    this.isRaw = isRaw;
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
    this.hasFolder = description.hasFolder;
    this.isRemote = description.isRemote;
    this.findings = description.findings.map(toFinding);
    this.files = description.files;
    this.leftOut = description.leftOut as LeftOut[];
    this.candidates = description.candidates;
  }

  /** @internal */
  static fromNative(native: NativeCheckpoint, isRaw: boolean = false): Checkpoint {
    return new Checkpoint(native, isRaw);
  }

  /**
   * A checkpoint of tensors that the caller holds in memory. Their data is copied; the copy is freed by `close()`, or with the checkpoint
   * when it is collected.
   *
   * @throws `ModelDiffError` of kind `Argument` when a shape does not fit its data.
   */
  static fromTensors(tensors: Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>): Checkpoint {
    return Checkpoint.fromNative(unwrap(binding().memoryCheckpoint(readMemoryTensors(tensors))));
  }

  /** Every tensor by name, in the order of the file. Statistics of a tensor are read when they are first looked at. */
  get tensorInfo(): ReadonlyMap<string, CheckpointTensor> {
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

  getInfo(name: string): CheckpointTensor | undefined {
    checkName(name, 'getInfo');
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
    return readTensor(this.native, this.table, this.#find(name, 'getTensor'), options, 'getTensor');
  }

  /**
   * A tensor in another form, made of stored elements without a copy.
   *
   * @param operations what is done to it, in this order; at most 64
   * @throws `ModelDiffError` of kind `Argument` for what does not fit the tensor, and for more than 64 operations inside each other or
   * 65,536 tensors in all; of kind `Unsupported` for what cannot be done to its dtype or layout; what keeps it from being read.
   *
   * @example
   * // A Conv1D of GPT-2 stores [in, out].
   * const weight = checkpoint.view('h.0.attn.c_attn.weight', [{ permute: [1, 0] }]);
   * console.log(weight.shape, weight.std);
   */
  view(name: string, operations: readonly ViewOperation[] = []): TensorView {
    const first = { operation: 'tensor', numbers: [this.#find(name, 'view')] };
    return new LazyTensorView(this.native, name, [first, ...encodeOperations(name, operations, this.native)]);
  }

  /**
   * The checkpoint with views among its tensors, to be compared as any other: a model whose tensors are fused, split, transposed or
   * stacked differently, with one where they are not. A view takes the place of a stored tensor of its name. The result shares the files,
   * and is closed by itself.
   *
   * @param views views of this checkpoint, by the names that they get
   * @throws `ModelDiffError` of kind `Argument` for a view of another checkpoint, and for a name in `without` that does not exist.
   *
   * @example
   * const fused = 'h.0.attn.qkv.weight';
   * const rows = (start: number, end: number) => checkpoint.view(fused, [{ slice: [[start, end]] }]);
   * const split = checkpoint.withViews(
   *   { 'h.0.attn.q.weight': rows(0, 64), 'h.0.attn.k.weight': rows(64, 128), 'h.0.attn.v.weight': rows(128, 192) },
   *   { without: [fused] },
   * );
   * const comparison = await compare(split, 'unfused/');
   */
  withViews(
    views: Readonly<Record<string, TensorView>> | ReadonlyMap<string, TensorView>,
    options: ViewOptions = {},
  ): Checkpoint {
    checkOptions(options, VIEW_OPTIONS, 'withViews');
    const viewed = readViews(views, this.native);
    const gone = new Set(viewed.map(({ name }) => name));
    for (const name of options.without ?? []) gone.add(this.table.names[this.#find(name, 'withViews')] ?? '');
    const rows = this.table.names.flatMap((name, row) => (gone.has(name) ? [] : [row]));
    return Checkpoint.fromNative(unwrap(binding().withViews(this.native, rows, viewed)), this.isRaw);
  }

  /**
   * Computes the statistics of the named tensors, or of all, in one parallel pass; later looks at them cost nothing.
   *
   * @throws `ModelDiffError` for a name that does not exist, or a file that cannot be read.
   */
  async computeStats(names?: readonly string[], options: RunOptions & { readonly threads?: number } = {}): Promise<void> {
    if (names !== undefined && !texts.accepts(names))
      throw argumentError(`names must be ${texts.expected}, not ${spell(names)}`, 'without names all tensors are read');
    checkOptions(options, STATISTICS_OPTIONS, 'computeStats');
    const wanted = names?.map((name) => this.#find(name, 'computeStats'));
    const rows =
      wanted ?? this.table.names.map((_, row) => row).filter((row) => !this.table.errors.has(row) && !this.table.raw.has(row));
    const threads = threadCount(options.threads);
    const result = await runJob('statistics', options, (control) => this.native.computeStatistics(rows, threads, control));
    const [failure] = result.failures;
    if (failure !== undefined && wanted !== undefined) unwrap(failure.failure);
    this.statistics.put(result, rows);
  }

  #find(name: string, where: string): number {
    checkName(name, where);
    const row = this.table.find(name);
    if (row !== undefined) return row;
    const nearest = findNearest(name, this.table.names);
    throw argumentError(
      `no tensor is called ${spell(name)}`,
      nearest === undefined ? 'layerNames lists the names' : `did you mean ${nearest}?`,
    );
  }

  #readStatistics(row: number): TensorStatistics {
    const known = this.statistics.get(row);
    if (known !== undefined) return known;
    if (this.table.errors.has(row) || this.table.raw.has(row)) return NO_STATISTICS;
    if (this.#isClosed)
      throw argumentError(
        `the statistics of tensor ${this.table.names[row] ?? ''} had not been read when the checkpoint was closed`,
        'await computeStats() before close()',
      );
    const found = unwrap(this.native.statistics(row));
    this.statistics.put(found, [row]);
    return readStatistics(columnReader(found), 0);
  }

  #describe(row: number): CheckpointTensor {
    return new LazyTensorInfo(describeTensor(this.table, row), this.#source, row);
  }

  /** Plain data; statistics only of tensors whose statistics are known already. */
  toJSON(): CheckpointJson {
    const layers = Object.create(null) as Record<string, TensorJson>;
    for (const [name, info] of this.tensorInfo) layers[name] = info.toJSON();
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
    this.#isClosed = true;
    this.native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

const VIEW_OPTIONS: OptionsOf<ViewOptions> = { without: texts };

const STATISTICS_OPTIONS: OptionsOf<RunOptions & { readonly threads?: number }> = {
  signal: abortSignal,
  onProgress: callback,
  threads: wholeNumber(1, 1024),
};

function checkName(name: unknown, where: string): void {
  if (typeof name !== 'string')
    throw argumentError(`${where} takes the name of a tensor, a string, not ${spell(name)}`, 'layerNames lists the names');
}

function compilePattern(pattern: string | RegExp): RegExp {
  if (typeof pattern !== 'string' && Object.prototype.toString.call(pattern) !== '[object RegExp]')
    throw argumentError(`getLayersByPattern takes a regular expression or the text of one, not ${spell(pattern)}`);
  try {
    return new RegExp(pattern, typeof pattern === 'string' ? 'u' : pattern.flags.replace(/[gy]/gu, ''));
  } catch (cause) {
    throw argumentError(
      `${JSON.stringify(pattern)} is no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
      'give a regular expression as JavaScript spells it',
    );
  }
}
