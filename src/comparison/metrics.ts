/**
 * The numbers of a comparison, each stated once: columns, rows, CSV, JSON, the JSON Schema and the documentation follow from the two
 * tables here. A new number is a field of an interface and its entry in the table below it.
 */

/**
 * How one tensor changed. d = new - old over the elements that are finite on both sides. A number that does not exist (metrics of an
 * added tensor, a cosine with a zero vector) is null in rows and NaN in columns, never Infinity.
 */
export interface PairMetrics<T> {
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
export interface SideMetrics<T> {
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

export type PairMetric = keyof PairMetrics<unknown>;
export type SideMetric = keyof SideMetrics<unknown>;

/** What is known of a metric beside its value. */
export interface MetricEntry {
  /** Column of the add-on; null for what follows from another column. */
  readonly binding: string | null;
  /** `weight`: as the weights; `elements`: a count; `ratio`: without a unit. */
  readonly unit: 'weight' | 'elements' | 'ratio';
  /** Counted element by element: missing with `computeElementWise: false`. */
  readonly isCounted?: true;
  /** Whether the Python package has it: its keys stand first, and remain in short lists. */
  readonly isOriginal?: true;
  /** One line for the schema and the documentation. */
  readonly description: string;
}

export const PAIR_METRICS: Readonly<Record<PairMetric, MetricEntry>> = {
  l2Diff: { binding: 'l2_diff', unit: 'weight', isOriginal: true, description: 'Square root of the sum of d².' },
  l1Diff: { binding: 'l1_diff', unit: 'weight', isOriginal: true, description: 'Sum of |d|.' },
  maxDiff: { binding: 'max_diff', unit: 'weight', isOriginal: true, description: 'Largest |d|.' },
  meanDiff: { binding: 'mean_diff', unit: 'weight', isOriginal: true, description: 'Mean of d.' },
  cosineSim: {
    binding: null,
    unit: 'ratio',
    isOriginal: true,
    description: 'Cosine of the angle between old and new; 1 when both are zero, null when one is.',
  },
  relativeChange: {
    binding: 'relative_change',
    unit: 'ratio',
    isOriginal: true,
    description: 'l2_diff divided by the norm of old; 0 when both are zero, null when only old is.',
  },
  oneMinusCos: { binding: 'one_minus_cos', unit: 'ratio', description: '1 minus the cosine, computed without cancellation.' },
  symmetricChange: {
    binding: 'symmetric_change',
    unit: 'ratio',
    description: 'l2_diff divided by the larger of both norms, 0 to 2.',
  },
  changedElements: {
    binding: 'changed_elements',
    unit: 'elements',
    isCounted: true,
    description: 'Elements that changed by more than the threshold, or that are NaN or infinite on one side only.',
  },
  bitChanged: { binding: 'bit_changed', unit: 'elements', description: 'Elements whose bits differ; null between two dtypes.' },
};

export const SIDE_METRICS: Readonly<Record<SideMetric, MetricEntry>> = {
  norm: { binding: 'norm', unit: 'weight', description: 'Euclidean norm of the elements that are finite on both sides.' },
  mean: { binding: 'mean', unit: 'weight', description: 'Mean of the finite elements.' },
  std: { binding: 'std', unit: 'weight', description: 'Population standard deviation of the finite elements.' },
  min: { binding: 'min', unit: 'weight', description: 'Smallest finite element.' },
  max: { binding: 'max', unit: 'weight', description: 'Largest finite element.' },
  zeros: { binding: 'zeros', unit: 'elements', isCounted: true, description: 'Elements equal to zero.' },
  nan: { binding: 'nan', unit: 'elements', description: 'Elements that are NaN.' },
  inf: { binding: 'inf', unit: 'elements', description: 'Elements that are infinite.' },
};

/** The names of a table, in its order. */
export const PAIR_METRIC_NAMES: readonly PairMetric[] = Object.keys(PAIR_METRICS) as PairMetric[];
export const SIDE_METRIC_NAMES: readonly SideMetric[] = Object.keys(SIDE_METRICS) as SideMetric[];

/** An object with one value a metric, in the order of the table. */
export function mapPairMetrics<T>(make: (metric: PairMetric, entry: MetricEntry) => T): PairMetrics<T> {
  return Object.fromEntries(PAIR_METRIC_NAMES.map((name) => [name, make(name, PAIR_METRICS[name])])) as unknown as PairMetrics<T>;
}

/** As {@link mapPairMetrics}, for the metrics of a side. */
export function mapSideMetrics<T>(make: (metric: SideMetric, entry: MetricEntry) => T): SideMetrics<T> {
  return Object.fromEntries(SIDE_METRIC_NAMES.map((name) => [name, make(name, SIDE_METRICS[name])])) as unknown as SideMetrics<T>;
}
