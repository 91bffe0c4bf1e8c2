// Public API of model-diff. Generated from src/index.ts by `npm run build:types`; do not edit.

/**
 * Element type of a tensor: one of these, or the file's own word for what is packed (`f4_e2m1`, `quint4x2`), quantised (`qint8`, `q4_k`) or
 * not known here.
 */
type Dtype = KnownDtype | (string & {});
/** Element types that are read as numbers. */
type KnownDtype = 'bool' | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f8_e4m3fn' | 'f8_e5m2' | 'f8_e4m3fnuz' | 'f8_e5m2fnuz' | 'f8_e8m0fnu' | 'f16' | 'bf16' | 'f32' | 'f64' | 'c32' | 'c64' | 'c128';

/** On-disk format of a checkpoint; `unknown` only ever comes out of `detectFormat`. */
type CheckpointFormat = 'pytorch' | 'safetensors' | 'numpy' | 'huggingface' | 'gguf' | 'memory' | 'unknown';
/**
 * Description and statistics of one tensor. NaN and Inf are left out of mean, std, min and max, and counted. A number that does
 * not exist (the mean of nothing, statistics of a tensor that cannot be read) is NaN here and null in JSON.
 */
interface TensorInfo {
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
type Severity = 'info' | 'warning' | 'critical';
/** A problem or a peculiarity of a file that did not keep it from being read. */
interface Finding {
    /** Name in the list of findings: `ZipNameMismatch`, `ControlCharsInName`, `UnindexedTensor`, … */
    readonly code: string;
    readonly severity: Severity;
    readonly message: string;
    readonly path: string | null;
    /** Byte offset in `path`; null where there is none. */
    readonly offset: number | null;
}
/** A file that holds tensors of a checkpoint. */
interface CheckpointFile {
    readonly path: string;
    readonly bytes: number;
    /** Its last modification before it was opened, in milliseconds since 1970; absent where the system does not say. */
    readonly modified?: number;
    /** What its server calls the version that is read: an entity tag, or the date of its last change. Absent on this machine, and where none is told. */
    readonly version?: string;
}
/** Something of a checkpoint that holds tensors, or could, and is not among them. */
interface LeftOut {
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
interface MappingCandidate {
    /** Its path, keys joined by dots, as the option `key` takes it. */
    readonly key: string;
    readonly tensors: number;
    readonly bytes: number;
    readonly chosen: boolean;
}
/** A tensor of a checkpoint: statistics are read when they are first looked at, and kept. */
interface CheckpointTensor extends TensorInfo {
    /** Plain data; null for statistics that were not read yet. */
    readonly toJSON: () => TensorJson;
}
/** Plain data of one tensor (snake_case); null stands for a number that does not exist or was not read. */
interface TensorJson {
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
interface CheckpointJson {
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
type TypedArray = Float64Array | Float32Array | BigInt64Array | BigUint64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array | Uint8ClampedArray;
/** A tensor that the caller holds in memory. */
interface TensorData {
    /** Elements in row-major order; f16, bf16 and 8-bit floats as their bits. */
    readonly data: TypedArray;
    readonly shape: readonly number[];
    /** Only where the array does not say it: `bf16` in a `Uint16Array`. @default the array's own type */
    readonly dtype?: Dtype;
}
/** Elements of a tensor, copied. */
interface TensorValues<Data extends TypedArray = TypedArray> {
    readonly data: Data;
    /** Shape of the tensor, or `[length]` of the part that was asked for. */
    readonly shape: readonly number[];
    /** dtype of the tensor in the checkpoint. */
    readonly dtype: Dtype;
}
/** Options of `Checkpoint.getTensor`. */
interface ReadOptions {
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
type LimitName = 'pickle_bytes' | 'pickle_inflated' | 'pickle_opcodes' | 'pickle_stack' | 'pickle_memo' | 'pickle_depth' | 'pickle_text' | 'pickle_integer' | 'pickle_nesting' | 'memory' | 'tensors' | 'visits' | 'name_bytes' | 'view_ratio' | 'inflated_bytes' | 'zip_entries' | 'zip_directory' | 'sparse_bytes';
/** Options of `loadCheckpoint`. */
interface LoadOptions extends RunOptions {
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
interface RunOptions {
    /** Aborting rejects with `signal.reason`. */
    readonly signal?: AbortSignal;
    /** Called at most ten times a second, and once at the end. */
    readonly onProgress?: (progress: Progress) => void;
}
/** How far a run is. */
interface Progress {
    readonly phase: 'open' | 'compare' | 'probe' | 'statistics';
    readonly bytesDone: number;
    readonly bytesTotal: number;
    readonly tensorsDone: number;
    readonly tensorsTotal: number;
    readonly bytesPerSecond: number;
}

/**
 * A tensor of a checkpoint in another form, as `Checkpoint.view` makes it. It holds a description only: elements are put in their places
 * while they are read, and no file is held open by it. Statistics are read when they are first looked at, and kept.
 */
interface TensorView extends CheckpointTensor {
    /**
     * A copy of the elements, or of a part of them, as `Checkpoint.getTensor`.
     *
     * @throws `ModelDiffError`: the checkpoint is closed, a range outside the view, or what keeps the tensor from being read.
     */
    read(options: ReadOptions & {
        readonly as: 'f32';
    }): Promise<TensorValues<Float32Array>>;
    read(options: ReadOptions & {
        readonly as: 'f64';
    }): Promise<TensorValues<Float64Array>>;
    read(options?: ReadOptions & {
        readonly as?: 'f32' | 'f64';
    }): Promise<TensorValues<Float32Array | Float64Array>>;
    read(options: ReadOptions): Promise<TensorValues>;
}
/**
 * One thing that is done to a tensor, as numpy and torch have it:
 *
 * - `permute`: axis i of the result is axis `permute[i]`; `[1, 0]` transposes a matrix
 * - `reshape`: the elements in the same row-major order in a shape of as many
 * - `slice`: from `start` up to, without, `end` along each axis; an axis with `null`, or without an entry, stays whole
 * - `concat`: the tensor, then these along `axis`; all of one dtype and, except for `axis`, one shape
 * - `negate`: every element with the other sign; not of integers and types without a sign bit
 * - `add`: every element plus a number, in f32; only of floats of at most 32 bits. `1` makes the usual weight of a norm that stores it as
 *   a distance from one
 */
type ViewOperation = {
    readonly permute: readonly number[];
} | {
    readonly reshape: readonly number[];
} | {
    readonly slice: readonly (readonly [start: number, end: number] | null)[];
} | {
    readonly concat: readonly TensorView[];
    readonly axis: number;
} | {
    readonly negate: true;
} | {
    readonly add: number;
};
/** Options of `Checkpoint.withViews`. */
interface ViewOptions {
    /** Names of stored tensors to leave out, as those that the views take apart. @default none */
    readonly without?: readonly string[];
}

/**
 * A set of named tensors and where they lie. Holds descriptions only: data is read when it is asked for.
 *
 * @example
 * const checkpoint = await loadCheckpoint('model.safetensors');
 * for (const [name, info] of checkpoint.tensorInfo) console.log(name, info.shape, info.mean);
 */
declare class Checkpoint {
    #private;
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
    private constructor();
    /**
     * A checkpoint of tensors that the caller holds in memory. Their data is copied; the copy is freed by `close()`, or with the checkpoint
     * when it is collected.
     *
     * @throws `ModelDiffError` of kind `Argument` when a shape does not fit its data.
     */
    static fromTensors(tensors: Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>): Checkpoint;
    /** Every tensor by name, in the order of the file. Statistics of a tensor are read when they are first looked at. */
    get tensorInfo(): ReadonlyMap<string, CheckpointTensor>;
    /** Elements of all tensors. */
    get numParameters(): number;
    /** Bytes of all tensors. */
    get sizeBytes(): number;
    /** Names of all tensors, in the order of the file. */
    get layerNames(): readonly string[];
    getInfo(name: string): CheckpointTensor | undefined;
    /**
     * Names that match, wherever the pattern is found in them.
     *
     * @throws `ModelDiffError` of kind `Argument` for what is no regular expression.
     */
    getLayersByPattern(pattern: string | RegExp): string[];
    /**
     * A copy of a tensor's elements, or of a part of them.
     *
     * @throws `ModelDiffError`: no such tensor, a range outside it, or what keeps it from being read.
     */
    getTensor(name: string, options: ReadOptions & {
        readonly as: 'f32';
    }): Promise<TensorValues<Float32Array>>;
    getTensor(name: string, options: ReadOptions & {
        readonly as: 'f64';
    }): Promise<TensorValues<Float64Array>>;
    getTensor(name: string, options?: ReadOptions & {
        readonly as?: 'f32' | 'f64';
    }): Promise<TensorValues<Float32Array | Float64Array>>;
    getTensor(name: string, options: ReadOptions): Promise<TensorValues>;
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
    view(name: string, operations?: readonly ViewOperation[]): TensorView;
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
    withViews(views: Readonly<Record<string, TensorView>> | ReadonlyMap<string, TensorView>, options?: ViewOptions): Checkpoint;
    /**
     * Computes the statistics of the named tensors, or of all, in one parallel pass; later looks at them cost nothing.
     *
     * @throws `ModelDiffError` for a name that does not exist, or a file that cannot be read.
     */
    computeStats(names?: readonly string[], options?: RunOptions & {
        readonly threads?: number;
    }): Promise<void>;
    /** Plain data; statistics only of tensors whose statistics are known already. */
    toJSON(): CheckpointJson;
    /** Lets go of the files; what runs at the moment still ends. May be called again. */
    close(): void;
    [Symbol.dispose](): void;
    [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a checkpoint: a file, or a directory as Hugging Face writes them. Reads headers only, so it is always fast.
 *
 * @throws `ModelDiffError` for what is missing, broken, hostile or not readable yet.
 */
declare function loadCheckpoint(path: string, options?: LoadOptions): Promise<Checkpoint>;
/**
 * The format of a file or directory by its content, `unknown` when no reader claims it.
 *
 * @throws `ModelDiffError` for what cannot be read at all.
 */
declare function detectFormat(path: string, options?: RunOptions): Promise<CheckpointFormat>;

/** Where a result comes from, whatever made it. */
interface Origin {
    /** Version of model-diff. */
    readonly version: string;
    /** When it was made, in UTC, as ISO 8601. */
    readonly created: string;
    /** The command line; null for calls of the library. */
    readonly command: string | null;
}
/**
 * Where a comparison comes from. Made once, when it is made; whatever reads it back leaves it as it is. Paths are as they were given; a
 * model in the local cache of the hub has its address with the revision that was read, as `hf://org/name@1a2b3c`.
 */
interface Provenance extends Origin {
    /** null for checkpoints in memory. */
    readonly old: string | null;
    readonly new: string | null;
}
/** Where the description of a checkpoint comes from; paths as in {@link Provenance}. */
interface InspectionProvenance extends Origin {
    readonly checkpoint: string;
}

/**
 * The numbers of a comparison, each stated once: columns, rows, CSV, JSON, the JSON Schema and the documentation follow from the three
 * tables here. A new number is a field of an interface and its entry in the table below it.
 */
/**
 * How one tensor changed. d = new - old over the elements that are finite on both sides. A number that does not exist (metrics of an
 * added tensor, a cosine with a zero vector) is null in rows and NaN in columns, never Infinity.
 */
interface PairMetrics<T> {
    /** sqrt(sum of d^2). */
    readonly l2Diff: T;
    /** Sum of |d|. */
    readonly l1Diff: T;
    /** Largest |d|. */
    readonly maxDiff: T;
    /** Mean of d. */
    readonly meanDiff: T;
    /** 1 - `oneMinusCos`; 1 when both sides are zero, missing when one is. */
    readonly cosineSim: T;
    /** l2Diff / norm of old; 0 when both are zero, missing when only old is. */
    readonly relativeChange: T;
    /** 1 - cosine of the angle between old and new, computed without cancellation. */
    readonly oneMinusCos: T;
    /** l2Diff / the larger of both norms, 0 to 2. */
    readonly symmetricChange: T;
    /** Elements with |d| above the threshold, and those non-finite on one side only or non-finite and different. */
    readonly changedElements: T;
    /** Elements whose bits differ; missing when the dtypes differ, or when elements of a sparse tensor had to be added up. */
    readonly bitChanged: T;
}
/** What one side of a tensor is like, over its finite elements. */
interface SideMetrics<T> {
    /** Euclidean norm over the elements finite on both sides; over its own finite elements where there is no other side. */
    readonly norm: T;
    /** Mean of the finite elements. */
    readonly mean: T;
    /** Population standard deviation of the finite elements. */
    readonly std: T;
    readonly min: T;
    readonly max: T;
    /** Elements equal to zero. */
    readonly zeros: T;
    readonly nan: T;
    readonly inf: T;
}
/**
 * What a second look at a tensor told: only few tensors get one, and each is asked only what its first numbers leave open. Everything
 * else is NaN. "Rows" are those of the first dimension against the rest.
 */
interface ProbeMetrics<T> {
    /** Elements of new that equal old rounded to the type, to nearest even. */
    readonly castBf16: T;
    readonly castF16: T;
    readonly castE4m3: T;
    readonly castE5m2: T;
    /** Elements of old that equal new rounded to the type. */
    readonly uncastBf16: T;
    readonly uncastF16: T;
    readonly uncastE4m3: T;
    readonly uncastE5m2: T;
    /** Elements of new that equal old cut off to bf16. */
    readonly truncBf16: T;
    /** Elements of which both sides can be roundings of one wider value. */
    readonly commonSource: T;
    /** Elements that the casts were tried on: finite on both sides, or not finite in a way that a cast explains. */
    readonly castElements: T;
    /** Elements that are zero in new alone. */
    readonly newZeros: T;
    /** Elements that are zero in old alone. */
    readonly lostZeros: T;
    /** Largest |old| of `newZeros`. */
    readonly largestZeroed: T;
    /** Smallest |old| of the elements that are zero on neither side. */
    readonly smallestKept: T;
    /** Elements that are zero on neither side and changed. */
    readonly keptChanged: T;
    /** Share of the groups of 4 along the last axis of which at least 2 are zero in new. */
    readonly fourGroups: T;
    readonly changedRows: T;
    /** Index of the first and last row with a changed element; NaN when there is none. */
    readonly firstChangedRow: T;
    readonly lastChangedRow: T;
    /** Share of the elements of changed rows that changed. */
    readonly changedInRows: T;
    /** Changed rows that are old times one factor, up to rounding. */
    readonly scaledRows: T;
    /** Median of these factors. */
    readonly rowScale: T;
    /** Places along the last axis at which any element changed. */
    readonly changedColumns: T;
    /** Median number of different values in a block of so many neighbours along the last axis, and in a row; of up to 64 rows. */
    readonly oldDistinct16: T;
    readonly oldDistinct32: T;
    readonly oldDistinct64: T;
    readonly oldDistinct128: T;
    readonly oldDistinctRow: T;
    readonly newDistinct16: T;
    readonly newDistinct32: T;
    readonly newDistinct64: T;
    readonly newDistinct128: T;
    readonly newDistinctRow: T;
    /** Median distance of the elements of a row to multiples of its largest one divided by a whole number up to 128; 0.15 to 0.25 by chance. */
    readonly oldInt8Row: T;
    readonly newInt8Row: T;
    /** Relative error of rounding rows to e4m3 with the best scale of each row, or with one scale for all; 0.02 to 0.027 by chance. */
    readonly oldE4m3Row: T;
    readonly newE4m3Row: T;
    readonly oldE4m3Tensor: T;
    readonly newE4m3Tensor: T;
    /** Share of sampled elements of new that lie nearer to another value which old has beside theirs: 0 where old is new, rounded to the nearest. */
    readonly oldMisrounded: T;
    /** The same the other way. */
    readonly newMisrounded: T;
    /** 1 where new has the rows of old in another order, bit by bit; 0 where it has not. */
    readonly rowOrder: T;
    /** The same of the last axis. */
    readonly columnOrder: T;
    /** Rows of a head, where rows of new are those of old with interleaved pairs brought into halves; 0 where they are not. */
    readonly rotaryToHalf: T;
    /** The same the other way: halves into interleaved pairs. */
    readonly rotaryToPairs: T;
}

/** How a tensor of one checkpoint relates to the tensor of the same name in the other. */
type ChangeType = 'unchanged' | 'modified' | 'added' | 'removed' | 'shape_changed';
/** All change types, in the order of their codes in {@link TensorColumns.changeType}. */
declare const CHANGE_TYPES: readonly ChangeType[];
/**
 * Every compared tensor, listed or not, as columns: entry i of each array belongs to `names[i]`.
 * A number that does not exist is NaN here (null in `ParameterDiff` and in JSON). Plain data: `structuredClone` takes it.
 */
interface TensorColumns extends PairMetrics<Float64Array> {
    readonly names: readonly string[];
    /** Index into {@link CHANGE_TYPES}. */
    readonly changeType: Uint8Array;
    /** Elements of the tensor; of the new side where there is no old one. */
    readonly totalElements: Float64Array;
    /** 1 when every element is equal by value. */
    readonly identical: Uint8Array;
    readonly dtypeChanged: Uint8Array;
    readonly old: SideColumns;
    readonly new: SideColumns;
    /** Message by row, only for rows that could not be compared. */
    readonly errors: ReadonlyMap<number, string>;
    /** What the rounding model says of each row; absent in columns made by hand. */
    readonly rounding?: RoundingColumns;
    /** How the sizes of the changes are distributed; only with `histogram`. */
    readonly histogram?: HistogramColumns;
    /** What a second look at some of the tensors told; absent when none was needed. */
    readonly probes?: ProbeMetrics<Float64Array>;
    /** Only where hashes were compared and no values, as a side was a manifest: what is known of the changes then. */
    readonly bounds?: BoundColumns;
}
/**
 * Between what the change of a tensor lies that is not identical, by the norms of both sides: | |new| - |old| | to |old| + |new|. NaN for
 * tensors that are, or that are not on both sides with one shape.
 */
interface BoundColumns {
    readonly l2DiffMin: Float64Array;
    readonly l2DiffMax: Float64Array;
}
/** One side of every row of {@link TensorColumns}; a row without this side has dtype '' and NaN. */
interface SideColumns extends SideMetrics<Float64Array> {
    readonly dtype: readonly string[];
    readonly shape: readonly (readonly number[])[];
    readonly numElements: Float64Array;
    readonly sizeBytes: Float64Array;
    /**
     * Index into the `files` of the side ({@link ComparedSide}); NaN for tensors in memory, and for those whose elements cannot be found. Absent
     * in columns made by hand, in those that `filter` leaves, and in reports of earlier versions; so is `offset`.
     */
    readonly file?: Float64Array;
    /**
     * Bytes from the start of that file to the first element of the tensor; of a record that lies in an archive as it is, in the archive.
     * What follows need not lie behind it (views, fields of structures). NaN where the element does not lie there as it is: in compressed
     * records, and in arrays that a pickle holds as text; for sparse tensors, and those without elements.
     */
    readonly offset?: Float64Array;
}
/**
 * Elements by the size of their change, row after row: `bins` counts for each tensor. Bin 0 holds changes of less than
 * 2^`firstExponent`, no change too; bin i those from 2^(`firstExponent` + i - 1) up to twice that, and the last one everything above.
 */
interface HistogramColumns {
    readonly firstExponent: number;
    readonly bins: number;
    readonly counts: Float64Array;
}
/** What rounding to the storage dtype alone would leave unchanged. */
interface RoundingColumns {
    /** Fraction of elements expected to change if a dense update of the measured size were rounded to the dtype; NaN where unknown. */
    readonly expectedChanged: Float64Array;
    /** Estimated size of the update before rounding, relative to the old tensor's root mean square; NaN where unknown. */
    readonly updateSize: Float64Array;
    /** Index into {@link ROUNDING_SHAPES}: how the share of changed elements depends on the size of the old value. */
    readonly shape: Uint8Array;
}
/**
 * How the share of changed elements depends on the size of the old value. `one_rounding`: as a dense update gives it that is rounded once;
 * `cliff`: nearly all small ones changed and no large one, as when each of many steps is rounded; `flat`: up to a constant share whatever
 * the size, a mask; `undecided`: as several of these would; `unknown`: too few elements, or no float type.
 */
type RoundingShape = 'unknown' | 'one_rounding' | 'cliff' | 'flat' | 'undecided';
/** All shapes, in the order of their codes in {@link RoundingColumns.shape}. */
declare const ROUNDING_SHAPES: readonly RoundingShape[];

/** One checkpoint of a comparison, as far as reports tell of it. */
interface ComparedSide extends SideTotals {
    /** What it is called: the last part of its path, with as many parts before it as tell it from the other. */
    readonly name: string;
    readonly format: CheckpointFormat;
    /** Files that hold the tensors; paths begin at the checkpoint. */
    readonly files: readonly ComparedFile[];
    /** What was noticed about the files; paths begin at the checkpoint. */
    readonly findings: readonly Finding[];
    /** Only where hashes were compared: that of all its tensors, as in its manifest; null where one of them could not be read. */
    readonly hash?: string | null;
    /** true where the side was a manifest and no checkpoint. */
    readonly isManifest?: true;
}
/** A file of a checkpoint. */
interface ComparedFile {
    readonly path: string;
    readonly bytes: number;
}
/** Totals over the tensors of one side that take part in the comparison. */
interface SideTotals {
    readonly tensors: number;
    readonly elements: number;
    readonly bytes: number;
    /** Number of tensors by dtype, as [dtype, tensors], most elements first. */
    readonly dtypes: readonly (readonly [string, number])[];
    /** NaN and infinite elements. */
    readonly nonfinite: number;
}

/**
 * What a checkpoint is, without its values: a hash and statistics of every tensor, and what lies beside them. `hashCheckpoint` makes one,
 * and `compare` takes one in the place of a checkpoint.
 */
interface Manifest {
    /** Where it comes from; null where that was not to be said. */
    readonly provenance: InspectionProvenance | null;
    /**
     * One hash over all tensors, 64 hexadecimal digits: BLAKE3 of a line `["name","dtype",[shape],"hash"]` of JSON for each tensor, in the order
     * of the names' UTF-8 bytes, each line ended by a line feed. null where a tensor could not be read.
     */
    readonly hash: string | null;
    readonly format: CheckpointFormat;
    /** Whether quantised tensors are what the file stores, as with the option `raw`. */
    readonly raw: boolean;
    /** Files that hold the tensors; paths begin at the checkpoint. */
    readonly files: readonly ComparedFile[];
    /** Whether a folder was looked at: only then is configuration that is not there absent, and not just unknown. */
    readonly hasFolder: boolean;
    /** Texts of the file about itself. */
    readonly metadata: Readonly<Record<string, string>>;
    /** Content of `config.json` beside the weights, null without one. */
    readonly config: unknown;
    /** Content of further configuration files beside the weights, by name. */
    readonly configs: Readonly<Record<string, unknown>>;
    /** What holds tensors, or could, and is not among them. */
    readonly leftOut: readonly ManifestLeftOut[];
    /** What was noticed about the files; paths begin at the checkpoint. */
    readonly findings: readonly Finding[];
    /** In the order of the names' UTF-8 bytes. */
    readonly tensors: readonly ManifestTensor[];
}
/** Something of a checkpoint that is not among its tensors. */
type ManifestLeftOut = Omit<LeftOut, 'path'>;
/** One tensor of a {@link Manifest}. A number that does not exist (of a tensor that cannot be read, or whose dtype is not known) is null. */
interface ManifestTensor {
    readonly name: string;
    readonly dtype: string;
    /** Sizes of the dimensions, outermost first; `[]` for a 0-d tensor. */
    readonly shape: readonly number[];
    /** Elements; of a sparse tensor those that are stored. */
    readonly numElements: number;
    readonly sizeBytes: number;
    /**
     * BLAKE3 of the elements, 64 hexadecimal digits: little-endian and in row-major order, whatever the file has; of quantised tensors the
     * numbers that they stand for. null where the tensor could not be read.
     */
    readonly hash: string | null;
    /** Euclidean norm of the finite elements. */
    readonly norm: number | null;
    /** Mean of the finite elements. */
    readonly mean: number | null;
    /** Population standard deviation of the finite elements. */
    readonly std: number | null;
    readonly min: number | null;
    readonly max: number | null;
    /** Elements equal to zero. */
    readonly zeros: number | null;
    readonly nan: number | null;
    readonly inf: number | null;
    /** Why this tensor could not be read, when it could not. */
    readonly error: string | null;
}

/** Options of `hashCheckpoint`; those of opening count for a path only. */
interface HashOptions extends Omit<LoadOptions, 'computeStats'> {
    /** Worker threads. @default the number of available cores */
    readonly threads?: number;
    /** false: no date and no path, so that the same checkpoint gives the same bytes; an object: also the command line that asked. @default true */
    readonly provenance?: boolean | {
        readonly command: string;
    };
}
/**
 * Hashes every tensor of a checkpoint and takes its statistics, in one pass over its bytes. The hashes depend on no file format: the same
 * weights as safetensors, in a PyTorch file or in shards have the same ones. A tensor that cannot be read carries its error.
 *
 * @param checkpoint a path, or an open checkpoint, which stays open
 * @throws `ModelDiffError` for what cannot be opened or changes meanwhile; `signal.reason` after an abort.
 *
 * @example
 * await writeManifest('release.json', await hashCheckpoint('release/'));
 * const comparison = await compare(await readManifest('release.json'), 'deployed/');
 */
declare function hashCheckpoint(checkpoint: string | Checkpoint, options?: HashOptions): Promise<Manifest>;

/**
 * Reads a manifest of hashes. The file is not trusted: its form, its numbers and the hash over its tensors are looked at.
 *
 * @throws `ModelDiffError` `E_NOT_FOUND` and the like for what cannot be read, `E_UNKNOWN_FORMAT` for other files, `E_UNSUPPORTED_VERSION` for
 * manifests of another version, `E_INVALID_HEADER` for damaged ones, `E_DUPLICATE_NAME`, `E_LIMIT_EXCEEDED`
 */
declare function readManifest(path: string, options?: {
    readonly signal?: AbortSignal;
}): Promise<Manifest>;

/**
 * Writes a manifest to a file, in one step: beside its place first, then renamed. An existing file is only replaced where it is a manifest
 * or empty.
 *
 * @throws `ModelDiffError` of kind `Argument` where another file is there; what the system answers where it cannot be written.
 */
declare function writeManifest(path: string, manifest: Manifest): Promise<void>;

/** A change of the names of one side, made before names were matched. Rows have the changed names. */
interface NameChange {
    readonly side: 'old' | 'new';
    /**
     * `prefix` and `wrapper`: taken off by themselves; `strip` and `rename`: asked for; `gguf`: translated to Hugging Face's; `split`: one
     * tensor that the other side has in parts; `synonym`: a name that a library gave up for another one; `transpose`:
     * matrices whose rows are the columns of the other side.
     */
    readonly kind: 'prefix' | 'wrapper' | 'strip' | 'rename' | 'gguf' | 'split' | 'synonym' | 'transpose';
    /** What was taken off, the rule, the architecture of the GGUF file, or what was taken apart. */
    readonly rule: string;
    /** Names that it changed, or tensors that were taken apart. */
    readonly tensors: number;
}

/** Something that holds tensors, or could, on one side or both, and is not among the rows of a comparison. */
interface LeftOutDifference {
    /** Path inside the folder, path of the mapping, or name of the record. */
    readonly name: string;
    readonly kind: LeftOut['kind'];
    /** `weights` could be weights of the model; `state` never is. */
    readonly role: LeftOut['role'];
    /** null where a side has nothing of the name. */
    readonly oldBytes: number | null;
    readonly newBytes: number | null;
    /** Whether both sides hold the same bytes; null where they were not read: one side has none, it is no weights, or a whole file of a server. */
    readonly same: boolean | null;
}

/** Totals of a comparison. Keys that end in `Parameters` count tensors, as the Python package has them. */
interface DiffSummary {
    /** Elements of all tensors of the old checkpoint; also as `oldElements`. */
    readonly totalParametersOld: number;
    readonly totalParametersNew: number;
    /** Tensors, not elements, as the next three. */
    readonly addedParameters: number;
    readonly removedParameters: number;
    /** Tensors with a changed value or shape. */
    readonly modifiedParameters: number;
    readonly unchangedParameters: number;
    /** Tensors equal in every element by value. */
    readonly identicalParameters: number;
    /** Tensors that could not be read or compared. */
    readonly failedParameters: number;
    /** Elements of the common tensors. */
    readonly totalElements: number;
    /** Elements of the common tensors that changed; null with `computeElementWise: false`, and where a tensor's hashes differ and no values were compared. */
    readonly changedElements: number | null;
    /** Sum of the tensors' `l2Diff`; null where a tensor's hashes differ and no values were compared. */
    readonly totalL2Diff: number | null;
    /** Mean over modified tensors (by elements with `normalizeBySize`), 1 when none is; null as `totalL2Diff`. */
    readonly avgCosineSimilarity: number | null;
    /** Layers with the largest change R = sqrt(sum d^2 / sum max(old^2, new^2)), largest first, as [name, R]. */
    readonly mostChangedLayers: readonly (readonly [string, number])[];
    /** Layers with the smallest R, unchanged ones first. */
    readonly leastChangedLayers: readonly (readonly [string, number])[];
    readonly oldTensors: number;
    readonly newTensors: number;
    readonly oldElements: number;
    readonly newElements: number;
    readonly addedTensors: number;
    readonly addedElements: number;
    readonly removedTensors: number;
    readonly removedElements: number;
    /** Tensors of one shape with a changed value. */
    readonly modifiedTensors: number;
    readonly reshapedTensors: number;
    readonly unchangedTensors: number;
    readonly identicalTensors: number;
    readonly failedTensors: number;
    /** Tensors, and their elements, that both sides have with one shape and that could be read. */
    readonly comparedTensors: number;
    readonly comparedElements: number;
    /** Tensors that were looked at a second time, for what one pass leaves open; `tensors.probes` has what that told. */
    readonly probedTensors: number;
    /** `comparedElements` as a share of the elements that the larger side has in the selected tensors, 0 to 1; 1 where there is none. */
    readonly coverage: number;
    /** Of the relative changes of the modified tensors; null when nothing was modified. */
    readonly relativeChange: {
        readonly median: number;
        readonly p99: number;
        readonly max: number;
    } | null;
    /** Largest 1 - cosine of a modified tensor; null when nothing was modified. */
    readonly oneMinusCosMax: number | null;
    /** Tensors with another dtype, whether or not their values changed. */
    readonly dtypeChangedTensors: number;
    /** Differences in the configuration files; keys of others than `config.json` begin with the file's name and a colon. */
    readonly configChanges: readonly ConfigChange[];
    /** Sides whose configuration is not available, as they are single files, while the other side has one. */
    readonly unconfigured: readonly ('old' | 'new')[];
    /** What holds tensors, or could, and was not compared. */
    readonly leftOut: readonly LeftOutDifference[];
    /** What was done to names before they were matched; absent where they were taken as they are. */
    readonly nameChanges?: readonly NameChange[];
    /** Embeddings and heads of which only the number of rows differs; absent when there is none. */
    readonly resized?: readonly ResizedTensor[];
    /** Sides into which an adapter was merged to be compared; absent where there is none. */
    readonly mergedAdapters?: readonly ('old' | 'new')[];
    /** Stacks of blocks of which some are at another depth than before; absent where there is none. */
    readonly movedBlocks?: readonly MovedBlocks[];
    /** What was not compared of a comparison in parts that is combined before it is complete; absent where nothing is missing. */
    readonly partial?: PartialCoverage;
    /** The whole result as columns; absent only in summaries that were made by hand. */
    readonly tensors?: TensorColumns;
}
/** Parts of a comparison that are missing: their tensors are rows with an error. */
interface PartialCoverage {
    /** All parts of the plan. */
    readonly parts: number;
    /** Numbers of those that are missing, rising, from 1. */
    readonly missingParts: readonly number[];
    /** Bytes of both sides, as they are stored, in all parts. */
    readonly bytes: number;
    /** The same of the parts that are missing. */
    readonly missingBytes: number;
}
/** An embedding or head that gained or lost rows: how its common rows changed, and what the rest is like. */
interface ResizedTensor {
    readonly name: string;
    readonly oldRows: number;
    readonly newRows: number;
    /** Leading rows that both sides have; the next five are about them. */
    readonly commonRows: number;
    readonly l2Diff: number | null;
    readonly relativeChange: number | null;
    readonly cosineSim: number | null;
    readonly changeRatio: number | null;
    readonly identical: boolean;
    /** Root mean square of the common rows, on the side that has more rows. */
    readonly commonRms: number | null;
    /** The same of the rows that only that side has. */
    readonly restRms: number | null;
    readonly restMean: number | null;
    readonly restStd: number | null;
}
/** A stack in which blocks of the old checkpoint, equal in every value, stand at another depth: copied, moved, or closed up after a cut. */
interface MovedBlocks {
    /** Path of the stack, as `model.layers`. */
    readonly stack: string;
    /** Blocks of the new checkpoint, rising, each with the block of the old one that it is. */
    readonly blocks: readonly (readonly [block: number, from: number])[];
    /** Blocks of the new checkpoint that are none of the old one. */
    readonly changed: readonly number[];
    /** Blocks of the old checkpoint that are in none of the new. */
    readonly unused: readonly number[];
}
/** A key of a configuration file that is not the same on both sides; undefined where the key is absent. */
interface ConfigChange {
    /** Dotted path of the key. */
    readonly key: string;
    readonly old: unknown;
    readonly new: unknown;
}

/** The options of a comparison that matter to whoever reads it. */
interface ComparisonOptions {
    /** An element has changed when |d| is above this. */
    readonly changeThreshold: number;
    readonly precision: 'fast' | 'double';
    readonly computeElementWise: boolean;
    readonly normalizeBySize: boolean;
    readonly topKLayers: number;
    /** Whether unchanged tensors are listed too. */
    readonly includeUnchanged: boolean;
    /** Patterns of the names that were compared; empty for all. */
    readonly include: readonly string[];
    readonly exclude: readonly string[];
}
/** The plain data of a `Comparison`: what `structuredClone` makes of one. */
interface ComparisonData {
    readonly columns: TensorColumns;
    readonly summary: DiffSummary;
    readonly old: ComparedSide;
    readonly new: ComparedSide;
    readonly options: ComparisonOptions;
    readonly provenance: Provenance | null;
}

/** What kind of part of the network a tensor belongs to; every tensor has exactly one. */
type LayerType = 'attention' | 'mlp' | 'router' | 'embedding' | 'position' | 'norm' | 'output' | 'conv' | 'ssm' | 'projector' | 'conditioning' | 'adapter' | 'quant' | 'buffer' | 'other';

/**
 * Everything known of one tensor's change. d = new - old over the elements that are finite on both sides.
 * A number that does not exist (metrics of an added tensor, a cosine with a zero vector) is null, never NaN or Infinity.
 * A tensor that could not be read has an `error` and no numbers; its change type tells only which sides it is on.
 */
interface ParameterDiff extends PairMetrics<number | null> {
    readonly name: string;
    readonly changeType: ChangeType;
    readonly totalElements: number;
    /** changedElements / totalElements, 0 for an empty tensor. */
    readonly changeRatio: number | null;
    /** Same shape and every element equal by value (-0 = +0, NaN = NaN). */
    readonly identical: boolean;
    /** Euclidean norm of old over the elements that are finite on both sides. */
    readonly oldNorm: number | null;
    /** Euclidean norm of new over the elements that are finite on both sides. */
    readonly newNorm: number | null;
    readonly nanOld: number | null;
    readonly nanNew: number | null;
    readonly infOld: number | null;
    readonly infNew: number | null;
    readonly zerosOld: number | null;
    readonly zerosNew: number | null;
    readonly dtypeChanged: boolean;
    /** The least that `l2Diff` can be, by the norms of both sides; only where hashes were compared and no values, as a side was a manifest. */
    readonly l2DiffMin?: number | null;
    /** The most that it can be. */
    readonly l2DiffMax?: number | null;
    readonly oldInfo: TensorInfo | null;
    readonly newInfo: TensorInfo | null;
    /** Why this tensor could not be compared, when it could not. */
    readonly error: string | null;
    readonly layerType: LayerType;
    /** Role within its type, as `q`, `down`, `expert`; null where there is none. */
    readonly role: string | null;
    /** Index of the block that the tensor sits in; null outside blocks. */
    readonly depth: number | null;
}

/** A row that somebody wrote by hand: fields may be missing. */
type PartialRow = Partial<ParameterDiff>;

/** Options of `Comparison.rows`. */
interface RowOptions {
    /** true: unchanged tensors too. @default false */
    readonly unchanged?: boolean;
}
/**
 * What comparing two checkpoints gave. The numbers are stored once, as columns; rows are made when somebody asks for them. Also a
 * `{ diffs, summary }` as the functions of the Python package pass it around.
 *
 * @example
 * const comparison = await compare('base/', 'tuned/');
 * for (const row of comparison.rows()) console.log(row.name, row.relativeChange);
 */
declare class Comparison implements ComparisonData {
    #private;
    readonly columns: TensorColumns;
    readonly summary: DiffSummary;
    readonly old: ComparedSide;
    readonly new: ComparedSide;
    readonly options: ComparisonOptions;
    readonly provenance: Provenance | null;
    private constructor();
    /**
     * A comparison again, of its plain data: of what `structuredClone` or a worker made of one.
     *
     * @throws `ModelDiffError` of kind `Argument` for other values.
     */
    static from(data: ComparisonData): Comparison;
    /**
     * A comparison of rows that were made by hand, or picked. Fields that follow from others may be missing; the order does not matter.
     *
     * @param summary totals to be believed where they say more than the rows. @default taken from the rows
     * @throws `ModelDiffError` of kind `Argument` for what is no list of rows, no summary or no option.
     */
    static fromRows(rows: readonly PartialRow[], summary?: Partial<DiffSummary>, options?: Partial<ComparisonOptions>): Comparison;
    /** The listed rows: those that are not unchanged, or all with `includeUnchanged`. Made when the field is first read. */
    get diffs(): readonly ParameterDiff[];
    /** Rows as plain objects, about 1 KB each, in the order of their names. */
    rows(options?: RowOptions): readonly ParameterDiff[];
    /** One row by name, unchanged or not. */
    row(name: string): ParameterDiff | undefined;
    /**
     * A comparison of the tensors alone whose names match: it says only what they say, and nothing of configurations and files.
     *
     * @param patterns glob patterns, as for `include`
     * @throws `ModelDiffError` of kind `Argument` for a pattern that is none.
     */
    filter(patterns: string | readonly string[]): Comparison;
    /** Share of the elements of the larger side that were compared, 0 to 1. */
    get coverage(): number;
    /**
     * Whether every tensor is on both sides with equal values, shape and dtype, and nothing that could be weights was left out and differs.
     * Names may have lost a prefix, and tensors that the other side has in parts been taken apart.
     */
    get isIdentical(): boolean;
    /** Whether a file of either side has dangerous or unknown globals, or is an odd archive. */
    get isUnsafe(): boolean;
}

/** Options of one side of a comparison, beside those of both. */
interface SideOptions extends Pick<LoadOptions, 'key' | 'variant' | 'adapter'> {
    /** Tensors of this side that take part, as glob patterns of their names in the file. @default all */
    readonly include?: readonly string[];
    /** As `rename` of both sides, after it. @default none */
    readonly rename?: readonly string[];
    /** As `stripPrefix` of both sides, after it. @default none */
    readonly stripPrefix?: readonly string[];
}
/** Options of a comparison. */
interface DiffConfig {
    /** false skips what counts elements (threshold, zeros, histogram); those fields are null then. @default true */
    readonly computeElementWise?: boolean;
    /** An element has changed when |d| is above this absolute value. @default 1e-6 */
    readonly changeThreshold?: number;
    /** Whether `diffs` lists unchanged tensors too; counts and analysis never depend on it. @default false */
    readonly includeUnchanged?: boolean;
    /** Averages over layers and types are weighted by elements; false: plain means over tensors. @default true */
    readonly normalizeBySize?: boolean;
    /** Length of the lists of most and least changed layers. @default 10 */
    readonly topKLayers?: number;
    /**
     * `double`: every sum in f64, accurate to 1e-12 of the sum of its terms' absolute values; `fast`: floats of at most 32 bits in short f32
     * lanes folded into f64, accurate to 1e-7 on real weights and 1e-6 at worst, and faster. Counts are exact in both.
     * @default 'fast'
     */
    readonly precision?: 'fast' | 'double';
    /**
     * Counts the elements of each tensor by the size of their change, for `summary.tensors.histogram`: of 4,096 elements of every
     * 2^18 and of all of tensors up to 65,536 elements with `true`, of every element with `'exact'`. Needs `computeElementWise`.
     * @default false
     */
    readonly histogram?: boolean | 'exact';
    /**
     * Whether some tensors are looked at a second time where one pass leaves open what was done to them: casts, pruning, single rows, grids of
     * quantised values, another order. `summary.probedTensors` counts them.
     * @default true
     */
    readonly probes?: boolean;
    /** Worker threads. @default the number of available cores */
    readonly threads?: number;
    /** Names to compare, as glob patterns: `*` is any text, dots too. @default all */
    readonly include?: readonly string[];
    /** Names to leave out, as glob patterns; wins over `include`. @default none */
    readonly exclude?: readonly string[];
    /**
     * Rules `REGEX=>REPLACEMENT` that change the names of both sides before they are matched, in this order; every match in a name
     * is replaced. Names longer than 4 KiB stay as they are. @default none
     */
    readonly rename?: readonly string[];
    /** Texts that are taken off the beginning of names of both sides, before `rename`. @default none */
    readonly stripPrefix?: readonly string[];
    /**
     * Whether prefixes that wrappers add (`module.`, `_orig_mod.`, `base_model.model.`, …), and any other that all names of one side share
     * and the other side lacks, are taken off where that makes more names match; `nameChanges` of the summary tells. @default true
     */
    readonly autoPrefix?: boolean;
}
/** Options of `compare`. */
interface CompareOptions extends DiffConfig, RunOptions, Omit<LoadOptions, 'computeStats' | 'adapter'> {
    /** Options of the old side alone. */
    readonly old?: SideOptions;
    /** Options of the new side alone. */
    readonly new?: SideOptions;
    /**
     * false: no date and no path, so that the same checkpoints give the same bytes wherever they are; an object: also the command line
     * that asked. @default true
     */
    readonly provenance?: boolean | {
        readonly command: string;
    };
}

/** What can be compared: a path, an open checkpoint, or named tensors in memory. */
type CheckpointInput = string | Checkpoint | Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>;

/**
 * Compares two checkpoints, tensor by tensor, in one pass over both. A tensor that cannot be read does not end the run: its row carries
 * an `error`. Checkpoints that share no name give a comparison with `coverage` 0.
 *
 * A manifest of hashes stands for a checkpoint too, as its path or as `readManifest` gives it: then tensors are compared by their hashes,
 * which tell whether they differ and not by how much.
 *
 * @param old a path, an open checkpoint (which stays open), tensors in memory by name (which are copied), or a manifest
 * @throws `ModelDiffError` for what cannot be opened, changes meanwhile, or is asked for wrongly; `signal.reason` after an abort.
 *
 * @example
 * const comparison = await compare('base/', 'tuned/');
 * console.log(analyze(comparison).summary.verdict);
 */
declare function compare(old: CheckpointInput | Manifest, newer: CheckpointInput | Manifest, options?: CompareOptions): Promise<Comparison>;

/** A tensor as a header describes it. */
interface TensorShape {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
}
/** A tensor that both sides have, in another form. */
interface StructureChange {
    /** As it is matched. */
    readonly name: string;
    readonly old: Omit<TensorShape, 'name'>;
    readonly new: Omit<TensorShape, 'name'>;
}
/** One side of a comparison of structures. */
interface StructureSide {
    readonly name: string;
    readonly format: string;
    readonly tensors: number;
    readonly parameters: number;
    /** Bytes of all tensors. */
    readonly bytes: number;
    readonly findings: readonly Finding[];
}
/** What the headers and the configuration of two checkpoints tell of their differences. Nothing in it is said of values: none was read. */
interface StructureComparison {
    readonly old: StructureSide;
    readonly new: StructureSide;
    /** Tensors with the same name, shape and dtype. */
    readonly sameTensors: number;
    readonly added: readonly TensorShape[];
    readonly removed: readonly TensorShape[];
    /** Their dtype may differ too. */
    readonly reshaped: readonly StructureChange[];
    /** Of the same shape. */
    readonly retyped: readonly StructureChange[];
    readonly configChanges: readonly ConfigChange[];
    /** Sides of which no configuration is known, while the other has some. */
    readonly unconfigured: readonly ('old' | 'new')[];
    readonly nameChanges: readonly NameChange[];
    /** Whether names, shapes, dtypes and configuration are the same. */
    readonly isSame: boolean;
    /** The result in a sentence or two. */
    readonly verdict: string;
    /** null where it was not asked for. */
    readonly provenance: Provenance | null;
}

/**
 * Compares what the headers of two checkpoints say: names, shapes, dtypes, and the configuration beside them. No value is read, so of a
 * checkpoint on a server a few kilobytes a file are fetched.
 *
 * @param old a path, an open checkpoint (which stays open), or tensors in memory by name
 * @param options those of `compare` that choose and match tensors; what is about values has no effect
 * @throws `ModelDiffError` for what cannot be opened, or is asked for wrongly; `signal.reason` after an abort.
 */
declare function compareStructure(old: CheckpointInput, newer: CheckpointInput, options?: CompareOptions): Promise<StructureComparison>;

/** Regular expressions by layer type. */
type LayerPatterns = Readonly<Record<string, string | RegExp | readonly (string | RegExp)[]>>;

/** The mechanical shape of a change: where in the network the change sits. */
type ChangePattern = 'uniform' | 'gradient' | 'inverse_gradient' | 'focused' | 'sparse' | 'attention_heavy' | 'mlp_heavy' | 'embedding_heavy';
/** Options of `DiffAnalyzer`. */
interface AnalysisConfig {
    /** A layer type is reported as changed significantly when its R exceeds this. @default 0.1 */
    readonly significantChangeThreshold?: number;
    /** Regular expressions by layer type; they run before the built-in rules. */
    readonly layerPatterns?: LayerPatterns;
    /** false: no pattern and no insights on training dynamics. @default true */
    readonly analyzeTrainingDynamics?: boolean;
    /** Averages by layer type are R, in which large tensors count for more; false: plain means over tensors. @default true */
    readonly normalizeBySize?: boolean;
}
/** Change of all tensors of one layer type. */
interface LayerAnalysis {
    readonly layerType: string;
    /** Modified tensors of the type. */
    readonly count: number;
    /** Sum of relative changes of the modified tensors. */
    readonly totalChange: number;
    /** R of the type (plain mean with `normalizeBySize: false`). */
    readonly avgChange: number;
    readonly maxChange: number;
    /** Names of the modified tensors. */
    readonly layers: readonly string[];
}
type InsightCategory = 'architecture' | 'training_dynamics' | 'stability' | 'magnitude' | 'layer_changes' | 'training_config';
/** What an insight is about; stable, for scripts. */
type InsightCode = 'non_finite_appeared' | 'non_finite_stayed' | 'conversion_overflowed' | 'tensors_failed' | 'left_out' | 'tie_broken' | 'norms_grew' | 'directions_changed' | 'architecture_changed' | 'embedding_resized' | 'configuration_changed' | 'elements_kept' | 'tensors_out_of_line' | 'types_changed' | 'experts_uneven' | 'parts_frozen' | 'size';
/** An explained conclusion and the numbers it rests on. */
interface TrainingInsight {
    readonly code: InsightCode;
    readonly category: InsightCategory;
    readonly title: string;
    readonly description: string;
    readonly severity: Severity;
    /** The numbers behind every word of the description. */
    readonly evidence: Readonly<Record<string, unknown>>;
    /** Probability that the conclusion is right, where it is inferred rather than read off; 0 to 1. */
    readonly confidence?: number;
}
/** Size of a change as a whole; says nothing about where it sits. */
type MagnitudeBand = 'identical' | 'trace' | 'light' | 'standard' | 'strong' | 'heavy' | 'replaced';
/** The detected pattern with everything it rests on. */
interface PatternResult {
    readonly pattern: ChangePattern;
    /** Probability of `pattern`, 0 to 1. */
    readonly confidence: number;
    /** True when the first probability is below 0.6. */
    readonly ambiguous: boolean;
    /** True when nothing changed at all: `pattern` is `sparse` then for the sake of the API, and reports say "identical". */
    readonly identical: boolean;
    /** All patterns with their probabilities, most likely first. */
    readonly probabilities: readonly (readonly [ChangePattern, number])[];
    /** Measured features: slope, tau, fold, shares. */
    readonly evidence: Readonly<Record<string, unknown>>;
}
/** Causes that an explanation can name. */
type ExplanationCode = 
/** NaN or Inf that came with the new checkpoint. */
'broken'
/** NaN or Inf of the old checkpoint that the new one has no more. */
 | 'mended'
/** Values beyond the range of a narrower type. */
 | 'overflowed' | 'optimizer_state'
/** Quantised weights, stored as codes. */
 | 'codes' | 'lossless_cast' | 'cast'
/** Equal up to the rounding of f32, and not in every bit. */
 | 'rounding'
/** The changes of an adapter beside whole weights. */
 | 'unmerged_adapter' | 'scaled'
/** Blocks that are old ones at another depth. */
 | 'moved_blocks'
/** Rows or columns in another order. */
 | 'reordered'
/** One number added to every element. */
 | 'shifted'
/** Old tensors under other names, by all their statistics. */
 | 'exchanged'
/** Values on the grid of a quantisation. */
 | 'quantised' | 'pruned' | 'mask_lost' | 'rows_changed' | 'zeroed' | 'from_zero' | 'replaced'
/** Updates that were rounded away step by step: no f32 master copy. */
 | 'rounded_steps'
/** Elements that a mask left out of the update. */
 | 'masked'
/** What is left: weights that were trained, merged or edited. */
 | 'changed'
/** Running statistics of batch norms. */
 | 'statistics_moved';
/** What accounts for a part of the change. No tensor belongs to two of them. */
interface Explanation {
    readonly code: ExplanationCode;
    /** What it says, without a full stop. */
    readonly sentence: string;
    /** Share of the sum of d^2 over all changed weights that its tensors hold, 0 to 1. */
    readonly share: number;
    /** Its tensors, as indices into the columns. */
    readonly tensors: readonly number[];
    /** The numbers of the sentence. */
    readonly evidence: Readonly<Record<string, unknown>>;
}
/** The conclusion in one sentence and its numbers. */
interface AnalysisSummary {
    /** One sentence: what happened and how sure that is. */
    readonly verdict: string;
    /** null where less than half of the elements were compared, and where a side was a manifest, whose hashes tell no sizes. */
    readonly band: MagnitudeBand | null;
    /** Overall R = sqrt(sum d^2 / sum max(old^2, new^2)) over matrices that were compared (over all tensors where there is none); null where a side was a manifest. */
    readonly change: number | null;
    /** Cosine between all matrices of old and new taken as one vector; null when a side is zero. */
    readonly cosine: number | null;
    /** Share of the common elements whose value did not change, 0 to 1; null when not counted. */
    readonly unchangedShare: number | null;
    /** Share of elements that rounding alone explains as unchanged; null where unknown. */
    readonly expectedUnchangedShare: number | null;
    /** Tensors whose type no rule knows. */
    readonly unclassified: readonly string[];
    /** Numbers of tensors by change type. */
    readonly tensors: Readonly<Record<ChangeType | 'failed' | 'identical', number>>;
}
/** Result of `DiffAnalyzer.analyze`. */
interface Analysis {
    /** null with `analyzeTrainingDynamics: false` and where less than half of the elements were compared. */
    readonly changePattern: ChangePattern | null;
    readonly pattern: PatternResult | null;
    /** By layer type; the original's five types (`attention mlp embedding norm output`) and every other that occurs. */
    readonly layerAnalysis: Readonly<Record<string, LayerAnalysis>>;
    readonly insights: readonly TrainingInsight[];
    /** What accounts for the change, from what is broken to what was trained; the verdict is made of them. */
    readonly explanations: readonly Explanation[];
    readonly summary: AnalysisSummary;
    /** R by depth, for the chart: one entry a stack and depth, in order. */
    readonly depthProfile: readonly DepthPoint[];
}
/** Change of one block. */
interface DepthPoint {
    /** Path of the stack of blocks, as `model.layers`. */
    readonly stack: string;
    readonly depth: number;
    /** R of the block's tensors. */
    readonly change: number;
}

/**
 * Explains a comparison. Pure: the same values give the same analysis, whether they come from files, from a saved report or from a clone.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense, or what is no comparison.
 *
 * @example
 * const { summary, insights } = analyze(await compare('base/', 'tuned/'));
 */
declare function analyze(comparison: Comparison | ComparisonData, config?: AnalysisConfig): Analysis;

/**
 * Options of a series: those of `compare`, for every checkpoint and comparison. There is no `old` and no `new`, as each checkpoint is
 * first the one and then the other, and no `provenance`, as its result holds no date. Without effect are `includeUnchanged`,
 * `normalizeBySize`, `topKLayers`, `histogram` and `probes`, as a series holds sizes and angles of all tensors and nothing that these ask
 * for.
 */
interface SeriesOptions extends Omit<CompareOptions, 'old' | 'new' | 'provenance'> {
    /**
     * Path of the model that adapters are trained on: every path of the series is an adapter that is merged into it, as `adapter` of
     * `loadCheckpoint` does, but for the path of the base itself. Without it adapters are followed as the changes that they make. @default none
     */
    readonly base?: string;
}
/** What `compareSeries` takes beside the configuration of its comparisons. */
interface SeriesRunOptions extends Omit<LoadOptions, 'computeStats' | 'adapter'>, Pick<SeriesOptions, 'base'> {
}

/** One checkpoint of a series, as far as its descriptions tell; tensors that `include` and `exclude` leave out are not counted. */
interface SeriesCheckpoint {
    /** The last part of its path, with as many parts before it as tell it from the others; `checkpoint 3` for one in memory. */
    readonly name: string;
    readonly path: string;
    readonly format: CheckpointFormat;
    readonly tensors: number;
    /** Elements of all those tensors. */
    readonly parameters: number;
    readonly sizeBytes: number;
    readonly findings: readonly Finding[];
    /** What was done to its names and tensors to bring it to the form of the others. */
    readonly nameChanges: readonly Omit<NameChange, 'side'>[];
}
/**
 * The way from one checkpoint of a series to the next, d = new - old. Sizes, cosines and norms are those of the measured tensors
 * taken as one vector: matrices (all tensors where there is none) that every checkpoint has with one shape. They run over elements
 * that are finite in both checkpoints of a pair. A number that does not exist is null.
 */
interface SeriesStep {
    /** 1 for the way from the first checkpoint to the second; also the index of the checkpoint that it leads to. */
    readonly step: number;
    /** |d|. */
    readonly stepSize: number | null;
    /** |d| / |old|. */
    readonly relativeStep: number | null;
    /** Distance from the first checkpoint. */
    readonly distance: number | null;
    /** `distance` / norm of the first checkpoint. */
    readonly relativeDistance: number | null;
    /** Sum of the step sizes so far. */
    readonly pathLength: number | null;
    /** `distance` / `pathLength`, 0 to 1; null once there is NaN or Inf. */
    readonly straightness: number | null;
    /** Cosine between this step and the one before, over the tensors without NaN and Inf; null where the smaller step drowns in the larger. */
    readonly stepCosine: number | null;
    /** Cosine between this step and the whole way before it, as `stepCosine`. */
    readonly wayCosine: number | null;
    /** What rounding the checkpoint between two steps to its dtype can add to `stepCosine` at most: 0 to -0.5. */
    readonly roundingCosine: number | null;
    /** Norm of the checkpoint that the step leads to. */
    readonly norm: number | null;
    /** `norm` / norm of the first checkpoint. */
    readonly normGrowth: number | null;
    /** Changed elements of all tensors, measured or not, as the next fields; null with `computeElementWise: false`. */
    readonly changedElements: number | null;
    /** Elements of the tensors that were compared. */
    readonly totalElements: number;
    /** NaN in the checkpoint that the step leads to. */
    readonly nan: number;
    readonly inf: number;
    /** Tensors that hold NaN or Inf. */
    readonly nonfiniteTensors: number;
    /** Tensors that were compared. */
    readonly comparedTensors: number;
    /** Of those, tensors that are not identical. */
    readonly changedTensors: number;
    readonly addedTensors: number;
    readonly removedTensors: number;
    readonly reshapedTensors: number;
    /** Tensors that could not be compared; an event has the reason. */
    readonly failedTensors: number;
}
/**
 * The steps of every tensor. A column with one number a tensor and step has that of tensor t and step s at
 * `t * steps + s - 1`, where `steps` is the number of steps. A number that does not exist is NaN here and null in JSON.
 */
interface SeriesTensors {
    readonly names: readonly string[];
    /** 1 for tensors that the totals of {@link SeriesStep} are measured on. By tensor. */
    readonly isMeasured: Uint8Array;
    /** NaN and Inf of the first checkpoint. By tensor. */
    readonly startNonfinite: Float64Array;
    /** The next ones by tensor and step, as in {@link SeriesStep}. */
    readonly stepSize: Float64Array;
    readonly relativeStep: Float64Array;
    readonly distance: Float64Array;
    readonly relativeDistance: Float64Array;
    readonly pathLength: Float64Array;
    readonly straightness: Float64Array;
    readonly stepCosine: Float64Array;
    readonly wayCosine: Float64Array;
    readonly normGrowth: Float64Array;
    readonly changedElements: Float64Array;
    /** NaN and Inf of the checkpoint that the step leads to. */
    readonly nonfinite: Float64Array;
    /** 1 where the step changed no element. */
    readonly identical: Uint8Array;
}
/**
 * What happened to a series: `non_finite`, NaN or Inf for the first time; `norm_jumped` and `jumped`, a norm or a relative step far
 * above those before; `froze`, no change from this step on (for at least two steps where the tensor is not measured: a small one may
 * rest by rounding); `codes`, stored as quantised codes for the first time, on one side at least: without its scales it has no values, and
 * its steps no size; `failed`, could not be compared.
 */
type SeriesEventKind = 'failed' | 'non_finite' | 'norm_jumped' | 'jumped' | 'codes' | 'froze';
/** One event of a series. */
interface SeriesEvent {
    readonly kind: SeriesEventKind;
    /** Step that it happened in; 0 for what the first checkpoint has already. */
    readonly step: number;
    /** null for the measured tensors as a whole. */
    readonly tensor: string | null;
    readonly severity: Severity;
    /** Elements that are NaN or Inf, the relative step, the norm growth, or the steps without change. */
    readonly value: number | null;
    /** Median of the steps or norms before a jump. */
    readonly reference: number | null;
    /** Robust z of the logarithm over the steps before; null where they are fewer than five: then a jump is above ten times their median. */
    readonly z: number | null;
    /** Why a tensor could not be compared, or which conversion made its NaN and Inf; null otherwise. */
    readonly message: string | null;
}
/** Result of `compareSeries`; plain data. */
interface SeriesResult {
    /** In the order in which they were given. */
    readonly checkpoints: readonly SeriesCheckpoint[];
    /** One entry less than there are checkpoints. */
    readonly steps: readonly SeriesStep[];
    readonly tensors: SeriesTensors;
    /** By step, the gravest kind first. */
    readonly events: readonly SeriesEvent[];
    /** One short line: what happened, and where it began. The events name the tensors. */
    readonly verdict: string;
}

/**
 * Follows a model over two or more checkpoints, in the order of training and best at even intervals: how far each step goes and in which
 * direction, and which tensor jumped, froze or went non-finite, and when. Each step reads the new checkpoint, the last, the one
 * before that and the first, each once, and no more than these four are open.
 *
 * @param checkpoints paths, or open checkpoints, which stay open
 * @param config of the comparisons; {@link SeriesOptions} says what has no effect
 * @throws as `compare`; before anything is compared for a checkpoint that cannot be opened
 *
 * @example
 * const { verdict, steps } = await compareSeries(['step-1000', 'step-2000', 'step-3000']);
 */
declare function compareSeries(checkpoints: readonly (string | Checkpoint)[], config?: DiffConfig, run?: SeriesRunOptions): Promise<SeriesResult>;

/** A series while its checkpoints come, as `createSeries` makes it. */
interface Series {
    /**
     * Adds the next checkpoint and compares it with the last one, the one before that and the first: a path; an open checkpoint, which is
     * the caller's to close (the first one after the series, any other after two more adds); or tensors in memory by name, which are copied
     * at once.
     *
     * One after the other: an add while another one runs is refused. An add that fails leaves the series as it was.
     *
     * @throws `ModelDiffError`, as `compare`; `E_FILE_CHANGED` when the files of one that it is compared with have changed since it was
     * added; `signal.reason` after an abort.
     */
    add(checkpoint: CheckpointInput): Promise<void>;
    /**
     * What `compareSeries` gives for the checkpoints so far. Each call gives a result of its own, in time that grows with tensors and
     * steps; no file is read.
     *
     * @throws `ModelDiffError` of kind `Argument` while there are fewer than two checkpoints.
     */
    result(): SeriesResult;
    /** Lets go of the files; an add that runs is ended and rejects. `result` still answers. May be called again. */
    close(): void;
    [Symbol.dispose](): void;
    [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Follows a model over checkpoints that are added as a run writes them. Open are the first, the last but one and the last, and a fourth
 * while it is added; of a step at most 85 bytes a tensor are kept.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense.
 *
 * @example
 * const series = createSeries();
 * for (const path of ['step-1000', 'step-2000', 'step-3000']) await series.add(path);
 * console.log(series.result().verdict);
 * series.close();
 */
declare function createSeries(options?: SeriesOptions): Series;

/** What of a comparison is fixed when it is planned: all that decides which tensors are compared, and by what numbers. */
type PlannedOptions = Omit<CompareOptions, 'threads' | 'signal' | 'onProgress' | 'provenance' | 'probes' | 'includeUnchanged' | 'normalizeBySize' | 'topKLayers'>;
/** Options of `planParts`. */
interface PlanPartsOptions extends PlannedOptions, RunOptions {
    /** Parts to cut the comparison into, of about equal bytes: 1 to 99,999. */
    readonly parts: number;
}
/** A file of a checkpoint as it was when the plan was made. */
interface PlannedFile {
    /** Path inside the checkpoint, or inside its model of the hub, with slashes. */
    readonly name: string;
    readonly bytes: number;
    /** Last modification in milliseconds since 1970; null where the system does not say, and where there is a version. */
    readonly modified: number | null;
    /**
     * Of a file of the hub the commit, wherever its bytes are read from; of another server its entity tag or date; null for any other file of this
     * machine.
     */
    readonly version: string | null;
}
/** One side of a plan. */
interface PlannedSide {
    /**
     * Where it was planned from: absolute, a URL without its query, or a model of the hub at its commit. It may lie elsewhere where a part is
     * compared.
     */
    readonly path: string;
    readonly files: readonly PlannedFile[];
    /** BLAKE3 of the descriptions of its tensors: names, dtypes, shapes, places, and how values are made of what is stored there. */
    readonly tensors: string;
    /** SHA-256 of the configuration beside its weights; of a model of the hub that of its commits, which fix it. */
    readonly configuration: string;
}
/** What one part of a plan reads. */
interface PlannedPart {
    /** The first unit behind it. A unit is up to 2^21 elements of one tensor; they are numbered in the order of the files. */
    readonly end: number;
    /** Bytes of both sides, as they are stored. */
    readonly bytes: number;
}
/** A comparison in parts, as `plan.json` in the folder of the run holds it. */
interface PartsPlan {
    /** SHA-256 of all below but the paths. Parts of the same plan have the same one. */
    readonly hash: string;
    /** Version of model-diff; parts of other versions do not fit. */
    readonly version: string;
    readonly old: PlannedSide;
    readonly new: PlannedSide;
    readonly options: PlannedOptions;
    /** SHA-256 of the items of the plan: which tensor is compared with which. */
    readonly items: string;
    readonly parts: readonly PlannedPart[];
}
/** Where inputs of a plan lie, if not where they were planned from: what is there must be the same. */
interface MovedInputs {
    readonly old?: string;
    readonly new?: string;
    /** The adapter that is merged into the old checkpoint. */
    readonly oldAdapter?: string;
    /** The adapter that is merged into the new checkpoint. */
    readonly newAdapter?: string;
}
/** Options of `comparePart`. */
interface ComparePartOptions extends RunOptions, MovedInputs {
    /**
     * What to plan where the folder holds no plan yet; else it must be the same. @default the plan that is there, and the inputs where it says,
     * or where `old` and the like do
     */
    readonly plan?: {
        readonly old: string;
        readonly new: string;
        readonly options: PlanPartsOptions;
    };
    /** true: a part that is there already is compared once more. @default false */
    readonly force?: boolean;
    /** Worker threads. @default the number of available cores */
    readonly threads?: number;
}
/** What became of a part. */
interface ComparedPart {
    readonly part: number;
    readonly of: number;
    /** The file that holds it. */
    readonly path: string;
    /** Bytes of both sides that it covers, as they are stored. */
    readonly bytes: number;
    /** Whether it was there already, and nothing was read. */
    readonly wasComplete: boolean;
}
/** Options of `combineParts`; those of the comparison itself are in the plan. */
interface CombineOptions extends RunOptions, MovedInputs, Pick<CompareOptions, 'threads' | 'probes' | 'includeUnchanged' | 'normalizeBySize' | 'topKLayers' | 'provenance'> {
    /** true: tensors of parts that are missing or damaged become rows with an error; false: that is an error. @default false */
    readonly allowPartial?: boolean;
}
/** How far a part is that somebody is, or was, working on. */
interface PartProgress {
    readonly bytesDone: number;
    readonly bytesTotal: number;
    readonly host: string;
    /** How often its job was started again, as the scheduler says. */
    readonly attempt: number;
    /** When this was written, in milliseconds since 1970. */
    readonly updated: number;
}
/** A part as it stands in the folder. */
interface PartState {
    readonly part: number;
    /** `damaged`: there is a file that is not this part whole; the reason says what is wrong. */
    readonly state: 'done' | 'missing' | 'damaged';
    readonly bytes: number;
    readonly reason: string | null;
    readonly progress: PartProgress | null;
}
/** A file among the parts that belongs to none. */
interface ForeignPart {
    readonly path: string;
    readonly reason: string;
}
/** How far a comparison in parts is. */
interface PartsStatus {
    readonly directory: string;
    readonly plan: PartsPlan;
    readonly parts: readonly PartState[];
    readonly foreign: readonly ForeignPart[];
    /** Bytes of all parts, and of those that are done. */
    readonly bytes: number;
    readonly bytesDone: number;
}

/**
 * Makes the comparison of all parts of a plan: what `compare` gives for the same checkpoints and options, bit for bit. It opens both
 * checkpoints, and reads tensors only where one pass leaves something open (`probes`), at most a tenth of their bytes.
 *
 * @throws `ModelDiffError` as `compare`; `E_MISSING_PART` or `E_INVALID_PART` that lists the parts which are missing or damaged;
 *   `E_PLAN_MISMATCH` where the checkpoints are no longer those of the plan.
 */
declare function combineParts(directory: string, options?: CombineOptions): Promise<Comparison>;

/**
 * Compares one part of a plan, and writes it into the folder of the run. A part that is there is not compared again.
 *
 * @param part its number, from 1
 * @throws `ModelDiffError` as `compare`; `E_PLAN_MISMATCH` where the checkpoints or options are not those of the plan.
 */
declare function comparePart(directory: string, part: number, options?: ComparePartOptions): Promise<ComparedPart>;

/**
 * How far a comparison in parts is. Reads the folder of the run alone, every part whole.
 *
 * @throws `ModelDiffError` `E_NOT_FOUND` where the folder has no plan; `E_INVALID_PLAN`.
 */
declare function partsStatus(directory: string, options?: Pick<RunOptions, 'signal'>): Promise<PartsStatus>;

/**
 * Plans a comparison in parts that can be compared on different machines: reads what is known of both checkpoints, no tensor, and writes
 * `plan.json` into a folder, which is made where it is not there. A folder that holds the same plan already stays as it is.
 *
 * @throws `ModelDiffError` as `compare`; `E_PLAN_MISMATCH` where the folder holds another plan; `E_NO_TENSORS` or `E_NO_COMMON_TENSORS`
 *   where there is nothing to compare.
 *
 * @example
 * await planParts('base/', 'tuned/', 'run/', { parts: 64 });
 * // On any machine that sees the files, for each part from 1 to 64:
 * await comparePart('run/', 3);
 * // When all are there:
 * const comparison = await combineParts('run/');
 */
declare function planParts(old: string, newer: string, directory: string, options: PlanPartsOptions): Promise<PartsPlan>;

/** What a comparison is held to. */
interface Rules {
    /**
     * When it fails, each in the grammar of `--fail-on`: `nan`, `structure`, `dtype`, `changed`, `unsafe`, `config`, `coverage<100%`, `change>5%`,
     * `min(cosine)<0.98`, `changed_elements>0@model.embed*`.
     */
    readonly failOn?: readonly string[];
    /** Which tensors may change, and which must not. */
    readonly expect?: Expectations;
    /** true: numbers of tensors with new NaN or Inf count, over the elements that are finite on both sides. @default false */
    readonly allowNonfinite?: boolean;
}
/** Glob patterns of tensors. What is absent is not looked at. */
interface Expectations {
    /** Each list names the only tensors that something may happen to; a pattern of these may match nothing. */
    readonly may?: {
        readonly add?: readonly string[];
        readonly remove?: readonly string[];
        /** Values, shape or dtype. Changes within the threshold are none. */
        readonly change?: readonly string[];
    };
    /** Tensors that must be on both sides with equal values, shape and dtype. */
    readonly identical?: readonly string[];
}
/** `unmatched`: the pattern of the rule matches no tensor, so that nothing was looked at. */
type RuleStatus = 'passed' | 'failed' | 'unmatched';
/** What became of one rule. */
interface RuleResult {
    /** The rule as it was written. */
    readonly rule: string;
    readonly status: RuleStatus;
    /** The number that decided: of the worst tensor, or of all together. null where the rule asks for none, or there is none. */
    readonly value: number | null;
    /** Tensors that the rule is about. */
    readonly tensors: number;
    /** Those that break it; for `unsafe` findings, for `config` keys. */
    readonly broken: number;
    /** What was found, in a few words. */
    readonly message: string;
    /** The first few that break it, the worst first; where none does, those that came closest. */
    readonly worst: readonly RuleCase[];
}
/** One tensor under a rule; for `unsafe` a file, for `config` a key. */
interface RuleCase {
    readonly name: string;
    readonly value: number | null;
    /** The number as people read it, or why there is none. */
    readonly note: string;
}

/**
 * Holds a comparison to rules: the gates of the command line as a pure function. A number that does not exist breaks a rule on numbers,
 * and so does the change of a tensor with new NaN or Inf; a tensor that could not be read breaks `nan`, `structure`, `dtype` and `changed` too. A
 * pattern that matches no tensor gives `unmatched`.
 *
 * @returns what became of each rule, in their order, those of `expect` last
 * @throws `ModelDiffError` of kind `Argument` for a rule that makes no sense, with the nearest right word, or what is no comparison.
 *
 * @example
 * const results = checkRules(comparison, { failOn: ['nan', 'change>5%', 'changed_elements>0@model.embed*'] });
 * const isFine = results.every(({ status }) => status === 'passed');
 */
declare function checkRules(comparison: Comparison | ComparisonData, rules: Rules): readonly RuleResult[];

/** Format of a report. */
type ReportFormat = 'text' | 'json' | 'jsonl' | 'html' | 'markdown' | 'csv' | 'metrics' | 'github';

/** Options of the reports. */
interface VisualizationConfig {
    /** Rows of the text report and of the HTML page where no script runs; what is left out is counted in words. @default 50 */
    readonly maxLayersDisplay?: number;
    /** @default 'default' (follows the reader's system) */
    readonly colorScheme?: 'default' | 'dark' | 'light';
    /** true: every number with all of its bits in the HTML's data, and not in three to six digits. @default false */
    readonly includeRawData?: boolean;
    /** Width of the HTML page's map before the page is shown somewhere, in pixels; in a browser it fills its place. @default 800 */
    readonly chartWidth?: number;
    /** Height of the rows of the HTML page's map where no script runs, in pixels; what is left out is counted in words. @default 400 */
    readonly chartHeight?: number;
    /**
     * How many tensors the HTML page holds: all (`full`), a number of them, or all up to 150,000 and beyond that the 5,000 most changed
     * (`auto`). The page says what it does not hold. @default 'auto'
     */
    readonly htmlDetail?: HtmlDetail;
}
/** How many tensors an HTML page holds. */
type HtmlDetail = 'auto' | 'full' | number;

/** Options of {@link renderReport}. */
interface RenderOptions extends VisualizationConfig {
    /** @default 'html' */
    readonly format?: ReportFormat;
    /** What was found in the comparison. @default `analyze(comparison)` */
    readonly analysis?: Analysis;
    /** What the old checkpoint is called. @default its name in the comparison */
    readonly oldName?: string;
    /** What the new checkpoint is called. @default its name in the comparison */
    readonly newName?: string;
    /** What became of the rules, as `checkRules` gives it. @default none */
    readonly rules?: readonly RuleResult[];
}
/**
 * Writes a report of a comparison as a string. Everything that comes from a file is escaped for the format. The same comparison gives
 * the same bytes, whether it was just made or read back with `parseReport`.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense.
 */
declare function renderReport(comparison: Comparison | ComparisonData, options?: RenderOptions): string;
/** Options of {@link createSeriesReport}. */
interface SeriesReportOptions {
    /** @default 'html' */
    readonly format?: ReportFormat;
    /** What the checkpoints are called, in their order. @default the names in the series */
    readonly names?: readonly string[];
    /** Rows of each list of tensors in the text, HTML and Markdown reports; what is left out is counted in words. @default 50 */
    readonly rows?: number;
}
/**
 * Writes the report of a series as a string. Everything that comes from a file is escaped for the format.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense, or what is no series.
 */
declare function createSeriesReport(series: SeriesResult, options?: SeriesReportOptions): string;

/**
 * Reads a comparison that was saved as JSON. It is complete: analysing it, rendering it and saving it again give what the first one gave.
 *
 * @throws `ModelDiffError` `E_UNKNOWN_FORMAT` for other files, `E_UNSUPPORTED_FORMAT` for our other files, `E_UNSUPPORTED_VERSION` for
 * those of another version, `E_INVALID_HEADER` for damaged ones
 */
declare function parseReport(json: string): Comparison;

/** Whose fault an error is: the system, the file, a missing feature, a cap, the caller, a clash, an abort, a bug, the installation. */
type ErrorKind = 'Io' | 'Format' | 'Unsupported' | 'Limit' | 'Argument' | 'Mismatch' | 'Cancelled' | 'Internal' | 'NativeLoad';
/** One name for each way to fail; stable, also for scripts. */
type ErrorCode = 'E_AMBIGUOUS_DIRECTORY' | 'E_ARGUMENT' | 'E_BAD_MAGIC' | 'E_CANCELLED' | 'E_DUPLICATE_NAME' | 'E_EMPTY_FILE' | 'E_FILE_CHANGED' | 'E_GIT_LFS_POINTER' | 'E_HEADER_TOO_LARGE' | 'E_HTML_INSTEAD_OF_MODEL' | 'E_INFLATE_ERROR' | 'E_INTERNAL' | 'E_INVALID_HEADER' | 'E_INVALID_PART' | 'E_INVALID_PLAN' | 'E_IO' | 'E_LIMIT_EXCEEDED' | 'E_MISSING_PART' | 'E_MISSING_RECORD' | 'E_MISSING_SHARD' | 'E_NATIVE_LOAD' | 'E_NETWORK' | 'E_NOT_FOUND' | 'E_NO_COMMON_TENSORS' | 'E_NO_DATA' | 'E_NO_TENSORS' | 'E_OFFSET_HOLE' | 'E_OFFSET_OVERLAP' | 'E_OUT_OF_BOUNDS' | 'E_PATH_ESCAPE' | 'E_PERMISSION_DENIED' | 'E_PICKLE_BAD_OPCODE' | 'E_PICKLE_MEMO' | 'E_PICKLE_STACK' | 'E_PICKLE_TOO_DEEP' | 'E_PLAN_MISMATCH' | 'E_SHAPE_OVERFLOW' | 'E_SHARD_ONLY' | 'E_SIZE_MISMATCH' | 'E_STORAGE_SIZE_MISMATCH' | 'E_TRAILING_DATA' | 'E_UNEXPECTED_EOF' | 'E_UNKNOWN_FORMAT' | 'E_UNSUPPORTED_ARCHIVE' | 'E_UNSUPPORTED_DTYPE' | 'E_UNSUPPORTED_FORMAT' | 'E_UNSUPPORTED_LAYOUT' | 'E_UNSUPPORTED_VERSION' | 'E_ZIP_BAD_SIGNATURE' | 'E_ZIP_DUPLICATE' | 'E_ZIP_ENCRYPTED' | 'E_ZIP_METHOD';
/** Where and how an error happened. */
interface ErrorDetails {
    readonly kind: ErrorKind;
    readonly code: ErrorCode;
    readonly path?: string | undefined;
    readonly tensor?: string | undefined;
    /** The option that is wrong, as the library calls it. */
    readonly option?: string | undefined;
    /** Byte offset in `path`. */
    readonly offset?: number | undefined;
    /** What to do about it. */
    readonly hint?: string | undefined;
    readonly cause?: unknown;
    /** What had been noticed about the file before it broke. */
    readonly findings?: readonly Finding[] | undefined;
}
/** Every error that this package raises by itself; an abort rejects with `signal.reason` instead. */
declare class ModelDiffError extends Error {
    readonly name = "ModelDiffError";
    readonly kind: ErrorKind;
    readonly code: ErrorCode;
    readonly path?: string | undefined;
    readonly tensor?: string | undefined;
    readonly option?: string | undefined;
    readonly offset?: number | undefined;
    readonly hint?: string | undefined;
    readonly findings: readonly Finding[];
    constructor(message: string, details: ErrorDetails);
}

/** {@link loadCheckpoint} and {@link detectFormat} with options that are given once. */
declare class CheckpointLoader {
    #private;
    /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense. */
    constructor(options?: LoadOptions);
    load(path: string): Promise<Checkpoint>;
    /** The format of a file or directory by its content, `unknown` when no reader claims it. */
    detectFormat(path: string): Promise<CheckpointFormat>;
}

/** Change of a module: the tensors that share a name up to its last segment. */
interface LayerDiff {
    readonly name: string;
    readonly parameters: readonly ParameterDiff[];
    /** Sum of the tensors' `l2Diff`. */
    readonly totalL2Diff: number;
    /** Mean cosine over modified tensors, 1 when none is. */
    readonly avgCosineSim: number;
    /** Tensors of the layer that are not unchanged. */
    readonly numChanges: number;
}

/**
 * Compares open checkpoints, as `compare` does.
 *
 * @example
 * const { diffs, summary } = await new ModelDiff({ topKLayers: 5 }).diff(base, tuned);
 */
declare class ModelDiff {
    #private;
    /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense. */
    constructor(config?: DiffConfig);
    /** @throws as `compare`. */
    diff(old: Checkpoint, newer: Checkpoint, run?: RunOptions): Promise<Comparison>;
    /** Differences by layer: the tensors that share a name up to its last segment. */
    getLayerDiffs(diffs: readonly ParameterDiff[]): Map<string, LayerDiff>;
}
/** Opens two checkpoints, compares them and closes them again: `compare` with the options of the run apart. */
declare function compareCheckpoints(oldPath: string, newPath: string, config?: DiffConfig, run?: RunOptions): Promise<Comparison>;

/** What `ModelDiff.diff` and `compareCheckpoints` return: a {@link Comparison}, of which the Python package knows these two fields. */
type DiffResult = Pick<Comparison, 'diffs' | 'summary'>;
/** Result of `DiffAnalyzer.compareTrainingStages`: how the change of each tensor developed from stage 1 to stage 2. */
interface StageComparison {
    /** Tensors whose share of the overall change grew by half or more: [name, relative change 1, relative change 2]. */
    readonly accelerating: readonly (readonly [string, number, number])[];
    /** Tensors whose share fell by a third or more. */
    readonly decelerating: readonly (readonly [string, number, number])[];
    readonly stableCount: number;
    readonly acceleratingCount: number;
    readonly deceleratingCount: number;
    /** Tensors that changed in stage 2 only. */
    readonly started: readonly string[];
    /** Tensors that changed in stage 1 only. */
    readonly finished: readonly string[];
    /** Sum of the tensors' relative changes in stage 1. */
    readonly totalStage1Change: number;
    readonly totalStage2Change: number;
}

/** Explains what happened between two checkpoints, as `analyze` does. */
declare class DiffAnalyzer {
    #private;
    /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense, or a layer pattern that is no regular expression. */
    constructor(config?: AnalysisConfig);
    /**
     * The whole analysis. It rests on `summary.tensors`, which has every tensor; without it on `diffs`, whose fields may then be missing
     * where they were made by hand.
     */
    analyze(diffs: readonly PartialRow[], summary: Partial<DiffSummary>): Analysis;
    /** Change by layer type over the tensors of the list. */
    analyzeLayerTypes(diffs: readonly PartialRow[]): Record<string, LayerAnalysis>;
    /** Where in the network the change sits, as far as the list tells. Types are read from the names, whatever `layerAnalysis` says. */
    detectChangePattern(diffs: readonly PartialRow[], layerAnalysis?: Readonly<Record<string, LayerAnalysis>>): ChangePattern;
    /** As {@link detectChangePattern}, with probabilities and evidence. */
    explainChangePattern(diffs: readonly PartialRow[]): PatternResult;
    /** The explained conclusions. What is not given is computed. */
    generateInsights(diffs: readonly PartialRow[], summary: Partial<DiffSummary>, layerAnalysis?: Readonly<Record<string, LayerAnalysis>>, changePattern?: ChangePattern | null): TrainingInsight[];
    /** The modified tensors with the largest relative change. */
    getMostChangedParameters(diffs: readonly ParameterDiff[], topK?: number): ParameterDiff[];
    /** Layers by the sum of the relative changes of their modified tensors. */
    getLayerChangeRanking(diffs: readonly ParameterDiff[]): [string, number][];
    /** How the change of each tensor developed from one stage of training to the next. */
    compareTrainingStages(diffs1: readonly PartialRow[], diffs2: readonly PartialRow[]): StageComparison;
}

/** Options of {@link createDiffReport}. */
interface DiffReportOptions {
    /** @default 'html' */
    readonly format?: ReportFormat;
    /** What the old checkpoint is called. @default 'Model A' */
    readonly oldName?: string;
    /** What the new checkpoint is called. @default 'Model B' */
    readonly newName?: string;
    readonly config?: VisualizationConfig;
}
/** Writes reports of a comparison as strings, as `renderReport` does. */
declare class DiffVisualizer {
    readonly config: VisualizationConfig;
    /** @throws `ModelDiffError` of kind `Argument` for a value that no report can be made with. */
    constructor(config?: VisualizationConfig);
    /** One page that needs no network. */
    createHtmlReport(diffs: readonly PartialRow[], summary: Partial<DiffSummary>, analysis: Analysis, oldName?: string, newName?: string): string;
    /** The same bytes for the same result; `parseReport` reads it back. */
    createJsonReport(diffs: readonly PartialRow[], summary: Partial<DiffSummary>, analysis: Analysis, oldName?: string, newName?: string): string;
    /** For a terminal or a log, names in full. The first line after the two of the header is the verdict. */
    createTextReport(diffs: readonly PartialRow[], summary: Partial<DiffSummary>, analysis: Analysis, oldName?: string, newName?: string): string;
}
/**
 * Writes one report.
 *
 * @throws `ModelDiffError` of kind `Argument` for a format that there is not, or an analysis that is none.
 */
declare function createDiffReport(diffs: readonly PartialRow[], summary: Partial<DiffSummary>, analysis: Analysis, options?: DiffReportOptions): string;

export { CHANGE_TYPES, Checkpoint, CheckpointLoader, Comparison, DiffAnalyzer, DiffVisualizer, ModelDiff, ModelDiffError, ROUNDING_SHAPES, analyze, checkRules, combineParts, compare, compareCheckpoints, comparePart, compareSeries, compareStructure, createDiffReport, createSeries, createSeriesReport, detectFormat, hashCheckpoint, loadCheckpoint, parseReport, partsStatus, planParts, readManifest, renderReport, writeManifest };
export type { Analysis, AnalysisConfig, AnalysisSummary, BoundColumns, ChangePattern, ChangeType, CheckpointFile, CheckpointFormat, CheckpointInput, CheckpointJson, CheckpointTensor, CombineOptions, CompareOptions, ComparePartOptions, ComparedFile, ComparedPart, ComparedSide, ComparisonData, ComparisonOptions, ConfigChange, DepthPoint, DiffConfig, DiffReportOptions, DiffResult, DiffSummary, Dtype, ErrorCode, ErrorDetails, ErrorKind, Expectations, Explanation, ExplanationCode, Finding, ForeignPart, HashOptions, HistogramColumns, HtmlDetail, InsightCategory, InsightCode, InspectionProvenance, KnownDtype, LayerAnalysis, LayerDiff, LayerPatterns, LayerType, LeftOut, LeftOutDifference, LimitName, LoadOptions, MagnitudeBand, Manifest, ManifestLeftOut, ManifestTensor, MappingCandidate, MovedBlocks, MovedInputs, NameChange, Origin, PairMetrics, ParameterDiff, PartProgress, PartState, PartialCoverage, PartialRow, PartsPlan, PartsStatus, PatternResult, PlanPartsOptions, PlannedFile, PlannedOptions, PlannedPart, PlannedSide, ProbeMetrics, Progress, Provenance, ReadOptions, RenderOptions, ReportFormat, ResizedTensor, RoundingColumns, RoundingShape, RowOptions, RuleCase, RuleResult, RuleStatus, Rules, RunOptions, Series, SeriesCheckpoint, SeriesEvent, SeriesEventKind, SeriesOptions, SeriesReportOptions, SeriesResult, SeriesRunOptions, SeriesStep, SeriesTensors, Severity, SideColumns, SideMetrics, SideOptions, SideTotals, StageComparison, StructureChange, StructureComparison, StructureSide, TensorColumns, TensorData, TensorInfo, TensorJson, TensorShape, TensorValues, TensorView, TrainingInsight, TypedArray, ViewOperation, ViewOptions, VisualizationConfig };
