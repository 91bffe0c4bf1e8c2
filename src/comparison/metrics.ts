/**
 * The numbers of a comparison, each stated once: columns, rows, CSV, JSON, the JSON Schema and the documentation follow from the three
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

/**
 * What a second look at a tensor told: only few tensors get one, and each is asked only what its first numbers leave open. Everything
 * else is NaN. "Rows" are those of the first dimension against the rest.
 */
export interface ProbeMetrics<T> {
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

export type PairMetric = keyof PairMetrics<unknown>;
export type SideMetric = keyof SideMetrics<unknown>;
export type ProbeMetric = keyof ProbeMetrics<unknown>;

/** What is known of a metric beside its value. */
export interface MetricEntry {
  /** Column of the add-on; null for what follows from another column. */
  readonly binding: string | null;
  /** `weight`: as the weights; `elements`, `rows`: a count or an index; `ratio`: without a unit. */
  readonly unit: 'weight' | 'elements' | 'rows' | 'ratio';
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

export const PROBE_METRICS: Readonly<Record<ProbeMetric, MetricEntry>> = {
  castBf16: {
    binding: 'cast_bf16',
    unit: 'elements',
    description: 'Elements of new that equal old rounded to bf16, to nearest even, and then to the type of new.',
  },
  castF16: {
    binding: 'cast_f16',
    unit: 'elements',
    description: 'Elements of new that equal old rounded to f16, to nearest even, and then to the type of new.',
  },
  castE4m3: {
    binding: 'cast_e4m3',
    unit: 'elements',
    description: 'Elements of new that equal old rounded to f8_e4m3fn, to nearest even.',
  },
  castE5m2: {
    binding: 'cast_e5m2',
    unit: 'elements',
    description: 'Elements of new that equal old rounded to f8_e5m2, to nearest even.',
  },
  uncastBf16: {
    binding: 'uncast_bf16',
    unit: 'elements',
    description: 'Elements of old that equal new rounded to bf16, to nearest even, and then to the type of old.',
  },
  uncastF16: {
    binding: 'uncast_f16',
    unit: 'elements',
    description: 'Elements of old that equal new rounded to f16, to nearest even, and then to the type of old.',
  },
  uncastE4m3: {
    binding: 'uncast_e4m3',
    unit: 'elements',
    description: 'Elements of old that equal new rounded to f8_e4m3fn, to nearest even.',
  },
  uncastE5m2: {
    binding: 'uncast_e5m2',
    unit: 'elements',
    description: 'Elements of old that equal new rounded to f8_e5m2, to nearest even.',
  },
  truncBf16: { binding: 'trunc_bf16', unit: 'elements', description: 'Elements of new that equal old cut off to bf16.' },
  commonSource: {
    binding: 'common_source',
    unit: 'elements',
    description: 'Elements of which both sides can be roundings of one wider value.',
  },
  castElements: {
    binding: 'cast_elements',
    unit: 'elements',
    description: 'Elements that casts were tried on: finite on both sides, or not finite in a way that a cast explains.',
  },
  newZeros: { binding: 'new_zeros', unit: 'elements', description: 'Elements that are zero in new alone.' },
  lostZeros: { binding: 'lost_zeros', unit: 'elements', description: 'Elements that are zero in old alone.' },
  largestZeroed: {
    binding: 'largest_zeroed',
    unit: 'weight',
    description: 'Largest |old| of the elements that are zero in new alone.',
  },
  smallestKept: {
    binding: 'smallest_kept',
    unit: 'weight',
    description: 'Smallest |old| of the elements that are zero on neither side.',
  },
  keptChanged: { binding: 'kept_changed', unit: 'elements', description: 'Elements that are zero on neither side and changed.' },
  fourGroups: {
    binding: 'four_groups',
    unit: 'ratio',
    description: 'Share of the groups of 4 along the last axis of which at least 2 are zero in new.',
  },
  changedRows: {
    binding: 'changed_rows',
    unit: 'rows',
    description: 'Rows of the first dimension in which any element changed.',
  },
  firstChangedRow: { binding: 'first_changed_row', unit: 'rows', description: 'Index of the first of these rows.' },
  lastChangedRow: { binding: 'last_changed_row', unit: 'rows', description: 'Index of the last of these rows.' },
  changedInRows: { binding: 'changed_in_rows', unit: 'ratio', description: 'Share of the elements of these rows that changed.' },
  scaledRows: {
    binding: 'scaled_rows',
    unit: 'rows',
    description: 'Changed rows that are old times one factor, up to rounding.',
  },
  rowScale: { binding: 'row_scale', unit: 'ratio', description: 'Median of these factors.' },
  changedColumns: {
    binding: 'changed_columns',
    unit: 'rows',
    description: 'Places along the last axis at which any element changed.',
  },
  oldDistinct16: {
    binding: 'old_distinct16',
    unit: 'ratio',
    description: 'Median number of different values of old in a block of 16 neighbours along the last axis, of sampled rows.',
  },
  oldDistinct32: {
    binding: 'old_distinct32',
    unit: 'ratio',
    description: 'Median number of different values of old in a block of 32 neighbours along the last axis, of sampled rows.',
  },
  oldDistinct64: {
    binding: 'old_distinct64',
    unit: 'ratio',
    description: 'Median number of different values of old in a block of 64 neighbours along the last axis, of sampled rows.',
  },
  oldDistinct128: {
    binding: 'old_distinct128',
    unit: 'ratio',
    description: 'Median number of different values of old in a block of 128 neighbours along the last axis, of sampled rows.',
  },
  oldDistinctRow: {
    binding: 'old_distinct_row',
    unit: 'ratio',
    description: 'Median number of different values in a row of old, of sampled rows.',
  },
  newDistinct16: {
    binding: 'new_distinct16',
    unit: 'ratio',
    description: 'Median number of different values of new in a block of 16 neighbours along the last axis, of sampled rows.',
  },
  newDistinct32: {
    binding: 'new_distinct32',
    unit: 'ratio',
    description: 'Median number of different values of new in a block of 32 neighbours along the last axis, of sampled rows.',
  },
  newDistinct64: {
    binding: 'new_distinct64',
    unit: 'ratio',
    description: 'Median number of different values of new in a block of 64 neighbours along the last axis, of sampled rows.',
  },
  newDistinct128: {
    binding: 'new_distinct128',
    unit: 'ratio',
    description: 'Median number of different values of new in a block of 128 neighbours along the last axis, of sampled rows.',
  },
  newDistinctRow: {
    binding: 'new_distinct_row',
    unit: 'ratio',
    description: 'Median number of different values in a row of new, of sampled rows.',
  },
  oldInt8Row: {
    binding: 'old_int8_row',
    unit: 'ratio',
    description:
      'Median distance of the elements of a row of old to multiples of its largest one divided by a whole number up to 128; 0.15 to 0.25 by chance, null where a row has more than 256 values.',
  },
  newInt8Row: {
    binding: 'new_int8_row',
    unit: 'ratio',
    description:
      'Median distance of the elements of a row of new to multiples of its largest one divided by a whole number up to 128; 0.15 to 0.25 by chance, null where a row has more than 256 values.',
  },
  oldE4m3Row: {
    binding: 'old_e4m3_row',
    unit: 'ratio',
    description:
      'Relative error of rounding rows of old to f8_e4m3fn with the best scale of each row; 0.02 to 0.027 by chance, null where a row has more than 256 values.',
  },
  newE4m3Row: {
    binding: 'new_e4m3_row',
    unit: 'ratio',
    description:
      'Relative error of rounding rows of new to f8_e4m3fn with the best scale of each row; 0.02 to 0.027 by chance, null where a row has more than 256 values.',
  },
  oldE4m3Tensor: {
    binding: 'old_e4m3_tensor',
    unit: 'ratio',
    description:
      'Relative error of rounding rows of old to f8_e4m3fn with one scale for all; 0.02 to 0.027 by chance, null where a row has more than 256 values.',
  },
  newE4m3Tensor: {
    binding: 'new_e4m3_tensor',
    unit: 'ratio',
    description:
      'Relative error of rounding rows of new to f8_e4m3fn with one scale for all; 0.02 to 0.027 by chance, null where a row has more than 256 values.',
  },
  oldMisrounded: {
    binding: 'old_misrounded',
    unit: 'ratio',
    description:
      'Share of sampled elements of new that lie nearer to another value which old has under the same scale: 0 where old is new, rounded to the nearest.',
  },
  newMisrounded: {
    binding: 'new_misrounded',
    unit: 'ratio',
    description:
      'Share of sampled elements of old that lie nearer to another value which new has under the same scale: 0 where new is old, rounded to the nearest.',
  },
  rowOrder: {
    binding: 'row_order',
    unit: 'ratio',
    description: '1 where new has the rows of old in another order, bit by bit; 0 where it has not.',
  },
  columnOrder: {
    binding: 'column_order',
    unit: 'ratio',
    description: '1 where new has the columns of old (of the last axis) in another order, bit by bit; 0 where it has not.',
  },
  rotaryToHalf: {
    binding: 'rotary_to_half',
    unit: 'rows',
    description:
      'Rows of a head, where the rows of new are those of old with interleaved pairs brought into halves; 0 where they are not.',
  },
  rotaryToPairs: {
    binding: 'rotary_to_pairs',
    unit: 'rows',
    description:
      'Rows of a head, where the rows of new are those of old with halves brought into interleaved pairs; 0 where they are not.',
  },
};

/** The names of a table, in its order. */
export const PAIR_METRIC_NAMES: readonly PairMetric[] = Object.keys(PAIR_METRICS) as PairMetric[];
export const SIDE_METRIC_NAMES: readonly SideMetric[] = Object.keys(SIDE_METRICS) as SideMetric[];
export const PROBE_METRIC_NAMES: readonly ProbeMetric[] = Object.keys(PROBE_METRICS) as ProbeMetric[];

/** An object with one value a metric, in the order of the table. */
export function mapPairMetrics<T>(make: (metric: PairMetric, entry: MetricEntry) => T): PairMetrics<T> {
  return Object.fromEntries(PAIR_METRIC_NAMES.map((name) => [name, make(name, PAIR_METRICS[name])])) as unknown as PairMetrics<T>;
}

/** As {@link mapPairMetrics}, for the metrics of a side. */
export function mapSideMetrics<T>(make: (metric: SideMetric, entry: MetricEntry) => T): SideMetrics<T> {
  return Object.fromEntries(SIDE_METRIC_NAMES.map((name) => [name, make(name, SIDE_METRICS[name])])) as unknown as SideMetrics<T>;
}

/** As {@link mapPairMetrics}, for what probes tell. */
export function mapProbeMetrics<T>(make: (metric: ProbeMetric, entry: MetricEntry) => T): ProbeMetrics<T> {
  return Object.fromEntries(
    PROBE_METRIC_NAMES.map((name) => [name, make(name, PROBE_METRICS[name])]),
  ) as unknown as ProbeMetrics<T>;
}
