import type { CheckpointFormat, Finding, Severity } from '../checkpoint/types.ts';
import type { NameChange } from '../names/name-change.ts';

/** One checkpoint of a series, as far as its descriptions tell; tensors that `include` and `exclude` leave out are not counted. */
export interface SeriesCheckpoint {
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
export interface SeriesStep {
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
export interface SeriesTensors {
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
export type SeriesEventKind = 'failed' | 'non_finite' | 'norm_jumped' | 'jumped' | 'codes' | 'froze';

/** One event of a series. */
export interface SeriesEvent {
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
export interface SeriesResult {
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
