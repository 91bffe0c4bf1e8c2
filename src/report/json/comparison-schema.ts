import type {
  Analysis,
  AnalysisSummary,
  ChangePattern,
  DepthPoint,
  Explanation,
  LayerAnalysis,
  MagnitudeBand,
  PatternResult,
  TrainingInsight,
} from '../../analysis/types.ts';
import type { Finding, TensorInfo } from '../../checkpoint/types.ts';
import {
  CHANGE_TYPES,
  type HistogramColumns,
  ROUNDING_SHAPES,
  type RoundingColumns,
  type SideColumns,
  type TensorColumns,
} from '../../comparison/columns.ts';
import type { ComparisonOptions } from '../../comparison/data.ts';
import type { LeftOutDifference } from '../../comparison/left-out.ts';
import {
  mapPairMetrics,
  mapProbeMetrics,
  mapSideMetrics,
  PAIR_METRICS,
  type PairMetrics,
  type ProbeMetrics,
} from '../../comparison/metrics.ts';
import type { Provenance } from '../../comparison/provenance.ts';
import type { ParameterDiff } from '../../comparison/rows.ts';
import type { ComparedFile, ComparedSide } from '../../comparison/side.ts';
import type { ConfigChange, DiffSummary, ResizedTensor } from '../../comparison/summary.ts';
import type { NameChange } from '../../names/name-change.ts';
import {
  boolean,
  bytes,
  described,
  evidence,
  floats,
  list,
  lookup,
  nullable,
  number,
  object,
  type ObjectSchema,
  oneOf,
  optional,
  record,
  rows,
  type Schema,
  string,
  tuple,
  verbatim,
} from './schema.ts';

const numberOrNull = nullable(number);
const SEVERITY = oneOf(['info', 'warning', 'critical']);

const PATTERNS = [
  'uniform',
  'gradient',
  'inverse_gradient',
  'focused',
  'sparse',
  'attention_heavy',
  'mlp_heavy',
  'embedding_heavy',
] as const satisfies readonly ChangePattern[];
const BANDS = [
  'identical',
  'trace',
  'light',
  'standard',
  'strong',
  'heavy',
  'replaced',
] as const satisfies readonly MagnitudeBand[];

const TENSOR_INFO = object<TensorInfo>({
  name: described('Name of the tensor as it was matched.', string),
  shape: list(number),
  dtype: string,
  numElements: number,
  sizeBytes: number,
  mean: described('Mean of the finite elements.', numberOrNull),
  std: described('Population standard deviation of the finite elements.', numberOrNull),
  min: numberOrNull,
  max: numberOrNull,
  sparsity: described('Share of the elements that are zero.', numberOrNull),
  nanCount: numberOrNull,
  infCount: numberOrNull,
  error: nullable(string),
});

const PAIR = mapPairMetrics((_, { description }) => described(description, numberOrNull));
const isOriginal = (metric: keyof PairMetrics<unknown>): boolean => PAIR_METRICS[metric].isOriginal === true;
const pick = (isFirst: boolean): Partial<PairMetrics<Schema>> =>
  Object.fromEntries(Object.entries(PAIR).filter(([metric]) => isOriginal(metric as keyof PairMetrics<unknown>) === isFirst));

/** What the Python package has of a tensor, in its order. */
const ORIGINAL = {
  name: described('Name of the tensor as it was matched.', string),
  changeType: described('How the tensor relates to the one of the same name on the other side.', oneOf(CHANGE_TYPES)),
  ...pick(true),
  changeRatio: described('changed_elements divided by total_elements, 0 for an empty tensor.', numberOrNull),
};

/** One tensor's difference; the fields of the original come first. */
export const PARAMETER_SCHEMA: ObjectSchema = object<ParameterDiff>({
  ...(ORIGINAL as Pick<Record<keyof ParameterDiff, Schema>, keyof typeof ORIGINAL>),
  ...(pick(false) as PairMetrics<Schema>),
  totalElements: number,
  identical: described('Same shape and every element equal by value (-0 = +0, NaN = NaN).', boolean),
  oldNorm: numberOrNull,
  newNorm: numberOrNull,
  nanOld: numberOrNull,
  nanNew: numberOrNull,
  infOld: numberOrNull,
  infNew: numberOrNull,
  zerosOld: numberOrNull,
  zerosNew: numberOrNull,
  dtypeChanged: boolean,
  layerType: described('Kind of part of the network.', string),
  role: described('Role within the type, as q, down, expert.', nullable(string)),
  depth: described('Index of the block that the tensor sits in.', numberOrNull),
  error: described('Why the tensor could not be read or compared.', nullable(string)),
  oldInfo: nullable(TENSOR_INFO),
  newInfo: nullable(TENSOR_INFO),
});

/** As {@link PARAMETER_SCHEMA}, with the keys of the original alone. */
export const SHORT_PARAMETER_SCHEMA: ObjectSchema = { kind: 'object', fields: ORIGINAL };

const SIDE_COLUMNS = object<SideColumns>({
  dtype: described("Element type; '' where the side has no such tensor.", lookup(string)),
  shape: lookup(list(number)),
  numElements: floats,
  sizeBytes: floats,
  ...mapSideMetrics((_, { description }) => described(description, floats)),
});

export const COLUMNS_SCHEMA: Schema = object<TensorColumns>({
  names: list(string),
  changeType: described(`Index into ${CHANGE_TYPES.join(', ')}.`, bytes),
  ...mapPairMetrics((_, { description }) => described(description, floats)),
  totalElements: floats,
  identical: described('1 where every element is equal by value.', bytes),
  dtypeChanged: bytes,
  old: SIDE_COLUMNS,
  new: SIDE_COLUMNS,
  errors: described('Why a tensor could not be compared, by row.', rows),
  rounding: optional(
    object<RoundingColumns>({
      expectedChanged: described('Share of the elements that a dense update of this size changes after rounding.', floats),
      updateSize: described('Estimated size of the update before rounding, relative to the root mean square of old.', floats),
      shape: described(
        `How the share of changed elements depends on the size of the old value; index into ${ROUNDING_SHAPES.join(', ')}.`,
        bytes,
      ),
    }),
  ),
  histogram: optional(
    described(
      'Elements by the size of their change, row after row: bin 0 holds changes of less than 2^first_exponent, bin i those from 2^(first_exponent + i - 1) up to twice that, the last one everything above. Only where it was asked for.',
      object<HistogramColumns>({ firstExponent: number, bins: number, counts: floats }),
    ),
  ),
  probes: optional(
    described(
      'What a second look at some of the tensors told; null where it was not asked. Absent when no tensor needed one.',
      object<ProbeMetrics<Float64Array>>(mapProbeMetrics((_, { description }) => described(description, floats))),
    ),
  ),
});

export const SIDE_SCHEMA: Schema = object<ComparedSide>({
  name: described('What the checkpoint is called.', string),
  format: string,
  tensors: described('Tensors that take part in the comparison, as the next four.', number),
  elements: number,
  bytes: number,
  dtypes: described('[dtype, tensors], most elements first.', list(tuple(string, number))),
  nonfinite: described('NaN and infinite elements.', number),
  files: described(
    'Files that hold the tensors; paths begin at the checkpoint.',
    list(object<ComparedFile>({ path: string, bytes: number })),
  ),
  findings: described(
    'What was noticed about the files.',
    list(
      object<Finding>({
        code: string,
        severity: SEVERITY,
        message: string,
        path: nullable(string),
        offset: numberOrNull,
      }),
    ),
  ),
});

export const OPTIONS_SCHEMA: Schema = object<ComparisonOptions>({
  changeThreshold: described('An element has changed when |d| is above this.', number),
  precision: oneOf(['fast', 'double']),
  computeElementWise: boolean,
  normalizeBySize: boolean,
  topKLayers: number,
  includeUnchanged: boolean,
  include: described('Patterns of the names that were compared; empty for all.', list(string)),
  exclude: list(string),
});

export const PROVENANCE_SCHEMA: Schema = nullable(
  object<Provenance>({
    version: string,
    created: described('When the comparison was made, in UTC.', string),
    old: described('Path as it was given; null in memory.', nullable(string)),
    new: nullable(string),
    command: nullable(string),
  }),
);

const LAYER_CHANGES = list(tuple(string, number));

const { tensors: _, ...SUMMARY_FIELDS } = object<DiffSummary>({
  totalParametersOld: described('Elements of all tensors of the old checkpoint.', number),
  totalParametersNew: described('Elements of all tensors of the new checkpoint.', number),
  addedParameters: described('Tensors, not elements.', number),
  removedParameters: described('Tensors, not elements.', number),
  modifiedParameters: described('Tensors with a changed value or shape.', number),
  unchangedParameters: described('Tensors, not elements.', number),
  identicalParameters: described('Tensors equal in every element by value.', number),
  failedParameters: described('Tensors that could not be read or compared.', number),
  totalElements: described('Elements of the tensors that were compared.', number),
  changedElements: described(
    'Elements that changed by more than the threshold, or that are NaN or infinite on one side only; null when not counted.',
    numberOrNull,
  ),
  totalL2Diff: described("Sum of the tensors' l2_diff.", number),
  avgCosineSimilarity: described('Mean over modified tensors, 1 when none is.', number),
  mostChangedLayers: described('[layer, R] with R = sqrt(sum d^2 / sum max(old^2, new^2)), largest first.', LAYER_CHANGES),
  leastChangedLayers: described('[layer, R], smallest first.', LAYER_CHANGES),
  oldTensors: number,
  newTensors: number,
  oldElements: number,
  newElements: number,
  addedTensors: number,
  addedElements: number,
  removedTensors: number,
  removedElements: number,
  modifiedTensors: described('Tensors of one shape with a changed value.', number),
  reshapedTensors: number,
  unchangedTensors: number,
  identicalTensors: number,
  failedTensors: number,
  comparedTensors: described('Tensors that both sides have with one shape and that could be read.', number),
  comparedElements: number,
  probedTensors: described('Tensors that were looked at a second time.', number),
  coverage: described('compared_elements as a share of the elements of the larger side.', number),
  relativeChange: described(
    'Of the modified tensors; null when there is none.',
    nullable(object<NonNullable<DiffSummary['relativeChange']>>({ median: number, p99: number, max: number })),
  ),
  oneMinusCosMax: described('Largest 1 - cosine of a modified tensor.', numberOrNull),
  dtypeChangedTensors: number,
  configChanges: described(
    "Keys of the configuration files that differ; old or new is absent where the key is. Keys of others than config.json begin with the file's name and a colon.",
    list(object<ConfigChange>({ key: string, old: verbatim, new: verbatim })),
  ),
  leftOut: described(
    'What holds tensors, or could, and was not compared.',
    list(
      object<LeftOutDifference>({
        name: string,
        kind: oneOf(['file', 'mapping', 'record']),
        role: described('weights: could be weights of the model; state: never is.', oneOf(['weights', 'state'])),
        oldBytes: numberOrNull,
        newBytes: numberOrNull,
        same: described('Whether both sides hold the same bytes; null where they were not read.', nullable(boolean)),
      }),
    ),
  ),
  nameChanges: optional(
    described(
      'What was done to names before they were matched; absent where they were taken as they are. Rows have the changed names.',
      list(
        object<NameChange>({
          side: oneOf(['old', 'new']),
          kind: described(
            'prefix, wrapper: taken off by themselves; strip, rename: asked for.',
            oneOf(['prefix', 'wrapper', 'strip', 'rename']),
          ),
          rule: described('What was taken off, or the rule.', string),
          tensors: described('Names that it changed.', number),
        }),
      ),
    ),
  ),
  resized: optional(
    described(
      'Embeddings and heads of which only the number of rows differs; absent when there is none.',
      list(
        object<ResizedTensor>({
          name: string,
          oldRows: number,
          newRows: number,
          commonRows: described('Leading rows that both sides have; the next five are about them.', number),
          l2Diff: numberOrNull,
          relativeChange: numberOrNull,
          cosineSim: numberOrNull,
          changeRatio: numberOrNull,
          identical: boolean,
          commonRms: described('Root mean square of the common rows, on the side that has more rows.', numberOrNull),
          restRms: described('The same of the rows that only that side has.', numberOrNull),
          restMean: numberOrNull,
          restStd: numberOrNull,
        }),
      ),
    ),
  ),
  tensors: optional(COLUMNS_SCHEMA),
}).fields;

/** The totals; the columns stand beside them. */
export const SUMMARY_SCHEMA: Schema = { kind: 'object', fields: SUMMARY_FIELDS };

const ANALYSIS_SUMMARY = object<AnalysisSummary>({
  verdict: described('The conclusion in one sentence.', string),
  band: described('Size of the change as a whole.', oneOf(BANDS)),
  change: described('R = sqrt(sum d^2 / sum max(old^2, new^2)).', number),
  cosine: described('Cosine between all matrices of old and new taken as one vector.', numberOrNull),
  unchangedShare: described('Share of the common elements whose value did not change.', numberOrNull),
  expectedUnchangedShare: described('Share of elements that rounding to the dtype alone explains as unchanged.', numberOrNull),
  unclassified: described('Tensors whose type no rule knows.', list(string)),
  tensors: object<AnalysisSummary['tensors']>({
    unchanged: number,
    modified: number,
    added: number,
    removed: number,
    shape_changed: number,
    failed: number,
    identical: number,
  }),
});

export const ANALYSIS_SCHEMA: Schema = object<Analysis>({
  changePattern: nullable(oneOf(PATTERNS)),
  layerAnalysis: record(
    object<LayerAnalysis>({
      layerType: string,
      count: number,
      totalChange: number,
      avgChange: number,
      maxChange: number,
      layers: list(string),
    }),
  ),
  insights: list(
    object<TrainingInsight>({
      code: string,
      category: oneOf(['architecture', 'training_dynamics', 'stability', 'magnitude', 'layer_changes', 'training_config']),
      title: string,
      description: string,
      severity: SEVERITY,
      evidence,
      confidence: optional(described('Probability that the conclusion is right, 0 to 1.', number)),
    }),
  ),
  explanations: described(
    'What accounts for the change; the verdict is made of them.',
    list(
      object<Explanation>({
        code: string,
        sentence: string,
        share: described('Share of the sum of d^2 over all changed weights, 0 to 1.', number),
        tensors: described('Its tensors, as indices into the columns.', list(number)),
        evidence,
      }),
    ),
  ),
  summary: ANALYSIS_SUMMARY,
  pattern: nullable(
    object<PatternResult>({
      pattern: oneOf(PATTERNS),
      confidence: described('Probability of the pattern, 0 to 1.', number),
      ambiguous: described('True when the first probability is below 0.6.', boolean),
      identical: described('True when nothing changed at all.', boolean),
      probabilities: described('[pattern, probability], most likely first.', list(tuple(oneOf(PATTERNS), number))),
      evidence,
    }),
  ),
  depthProfile: described('R by block, in order.', list(object<DepthPoint>({ stack: string, depth: number, change: number }))),
});
