import type { Dtype } from './dtype.ts';

/** On-disk format of a checkpoint; `unknown` only ever comes out of `detectFormat`. */
export type CheckpointFormat = 'pytorch' | 'safetensors' | 'numpy' | 'huggingface' | 'gguf' | 'memory' | 'unknown';

/**
 * Description and statistics of one tensor. NaN and Inf are left out of mean, std, min and max, and counted. A number that does
 * not exist (the mean of nothing, statistics of a tensor that cannot be read) is NaN here and null in JSON.
 */
export interface TensorInfo {
  readonly name: string;
  /** Sizes of the dimensions, outermost first; `[]` for a 0-d tensor. */
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly numElements: number;
  readonly sizeBytes: number;
  /** Mean of the finite elements. */
  readonly mean: number;
  /** Population standard deviation of the finite elements. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Share of elements equal to zero, 0 to 1. */
  readonly sparsity: number;
  readonly nanCount: number;
  readonly infCount: number;
  /** Why this tensor cannot be read, when it cannot. */
  readonly error: string | null;
}

export type Severity = 'info' | 'warning' | 'critical';

/** A problem or a peculiarity of a file that did not keep it from being read. */
export interface Finding {
  /** Name in the list of findings: `ZipNameMismatch`, `ControlCharsInName`, `UnindexedTensor`, … */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly path: string | null;
  /** Byte offset in `path`; null where there is none. */
  readonly offset: number | null;
}

/** A file that holds tensors of a checkpoint. */
export interface CheckpointFile {
  readonly path: string;
  readonly bytes: number;
  /** Its last modification before it was opened, in milliseconds since 1970; absent where the system does not say. */
  readonly modified?: number;
  /** What its server calls the version that is read: an entity tag, or the date of its last change. Absent on this machine, and where none is told. */
  readonly version?: string;
}

/** Something of a checkpoint that holds tensors, or could, and is not among them. */
export interface LeftOut {
  /** A file of the folder, a mapping beside the one that was taken, or a record of an archive that no tensor reaches. */
  readonly kind: 'file' | 'mapping' | 'record';
  /** `weights` could be weights of the model; `state` (optimizers, schedulers, random generators) never is. */
  readonly role: 'weights' | 'state';
  /** Path inside the folder, path of the mapping, or name of the record. */
  readonly name: string;
  readonly bytes: number;
  /** The file that holds it. */
  readonly path: string;
}

/** A mapping of a file that holds tensors, of which one was taken as the model. */
export interface MappingCandidate {
  /** Its path, keys joined by dots, as the option `key` takes it. */
  readonly key: string;
  readonly tensors: number;
  readonly bytes: number;
  readonly chosen: boolean;
}

/** A tensor of a checkpoint: statistics are read when they are first looked at, and kept. */
export interface CheckpointTensor extends TensorInfo {
  /** Plain data; null for statistics that were not read yet. */
  readonly toJSON: () => TensorJson;
}

/** Plain data of one tensor (snake_case); null stands for a number that does not exist or was not read. */
export interface TensorJson {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly num_elements: number;
  readonly size_bytes: number;
  readonly mean: number | null;
  readonly std: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly sparsity: number | null;
  readonly nan_count: number | null;
  readonly inf_count: number | null;
  readonly error: string | null;
}

/** Plain data of a checkpoint, as `Checkpoint.toJSON` gives it (snake_case). */
export interface CheckpointJson {
  readonly path: string;
  readonly format: CheckpointFormat;
  readonly num_parameters: number;
  readonly size_bytes: number;
  readonly num_layers: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly config: unknown;
  readonly layers: Readonly<Record<string, TensorJson>>;
}

/** Any typed array of numbers. */
export type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray;

/** A tensor that the caller holds in memory. */
export interface TensorData {
  /** Elements in row-major order; f16, bf16 and 8-bit floats as their bits. */
  readonly data: TypedArray;
  readonly shape: readonly number[];
  /** Only where the array does not say it: `bf16` in a `Uint16Array`. @default the array's own type */
  readonly dtype?: Dtype;
}

/** Elements of a tensor, copied. */
export interface TensorValues<Data extends TypedArray = TypedArray> {
  readonly data: Data;
  /** Shape of the tensor, or `[length]` of the part that was asked for. */
  readonly shape: readonly number[];
  /** dtype of the tensor in the checkpoint. */
  readonly dtype: Dtype;
}

/** Options of `Checkpoint.getTensor`. */
export interface ReadOptions {
  /**
   * `f32` and `f64`: numbers, two for each complex element; `raw`: the stored elements, f16, bf16 and 8-bit floats as their bits, types
   * of less than a byte (floats of 4 and 6 bits, quint4x2, quint2x4) as their codes, one a byte. A sparse tensor that stores several
   * elements in one place has no raw ones, only their sums; neither have the blocks of GGUF.
   * @default 'f32', and 'f64' for types that f32 cannot hold (f64, 32-bit and 64-bit integers)
   */
  readonly as?: 'f32' | 'f64' | 'raw';
  /** First element, in row-major order. @default 0 */
  readonly start?: number;
  /** Number of elements. @default all from `start` on */
  readonly length?: number;
  readonly signal?: AbortSignal;
}

/** Caps on what a file may ask for; errors name the one that was reached. */
export type LimitName =
  | 'pickle_bytes'
  | 'pickle_inflated'
  | 'pickle_opcodes'
  | 'pickle_stack'
  | 'pickle_memo'
  | 'pickle_depth'
  | 'pickle_text'
  | 'pickle_integer'
  | 'pickle_nesting'
  | 'memory'
  | 'tensors'
  | 'visits'
  | 'name_bytes'
  | 'view_ratio'
  | 'inflated_bytes'
  | 'zip_entries'
  | 'zip_directory'
  | 'sparse_bytes';

/** Options of `loadCheckpoint`. */
export interface LoadOptions extends RunOptions {
  /**
   * true: statistics of all tensors are computed in one parallel pass before the promise settles; false: those of a tensor
   * when they are first looked at. @default false
   */
  readonly computeStats?: boolean;
  /**
   * Path of the mapping that holds the model's tensors in a file of nested mappings, keys joined by dots (`ema.state_dict`).
   * @default the mapping with most tensor bytes; a finding tells which one
   */
  readonly key?: string;
  /** Which variant of a directory's weights to open, as `fp16`. @default the one without a variant */
  readonly variant?: string;
  /**
   * Path of an adapter (peft, Kohya, LyCORIS, diffusers) that is merged into the checkpoint, as the library which trained it would.
   * Without it an adapter is opened as the changes that it makes, one tensor for each weight. @default none
   */
  readonly adapter?: string;
  /** true: tensors of optimizer states are opened too. @default false */
  readonly includeOptimizer?: boolean;
  /**
   * true: quantised tensors stay what the file stores, codes and scales apart; false: they are read as the weights that they stand
   * for, under the names of those. @default false
   */
  readonly raw?: boolean;
  /** Caps to set, by name; the message of an error that a cap causes names it. @default scaled with the file */
  readonly limits?: Readonly<Partial<Record<LimitName, number>>>;
}

/** Options of one run. */
export interface RunOptions {
  /** Aborting rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called at most ten times a second, and once at the end. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a run is. */
export interface Progress {
  readonly phase: 'open' | 'compare' | 'probe' | 'statistics';
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly tensorsDone: number;
  readonly tensorsTotal: number;
  readonly bytesPerSecond: number;
}
