import {
  type Analysis,
  type AnalysisSummary,
  CHANGE_TYPES,
  type ChangePattern,
  type ConfigChange,
  type DepthPoint,
  type DiffSummary,
  type LayerAnalysis,
  type MagnitudeBand,
  type ParameterDiff,
  type PatternResult,
  type RoundingColumns,
  type SideColumns,
  type TensorColumns,
  type TensorInfo,
  type TrainingInsight,
} from '../../types.ts';
import type { Overview, SideOverview } from '../overview.ts';
import { boolean, bytes, evidence, floats, list, nullable, number, object, oneOf, optional, record, rows, type Shape, string, tuple, verbatim } from './shape.ts';

const numberOrNull = nullable(number);

const PATTERNS = ['uniform', 'gradient', 'inverse_gradient', 'focused', 'sparse', 'attention_heavy', 'mlp_heavy', 'embedding_heavy'] as const satisfies readonly ChangePattern[];
const BANDS = ['identical', 'trace', 'light', 'standard', 'strong', 'heavy', 'replaced'] as const satisfies readonly MagnitudeBand[];

const TENSOR_INFO = object<TensorInfo>({
  name: string,
  shape: list(number),
  dtype: string,
  numElements: number,
  sizeBytes: number,
  mean: numberOrNull,
  std: numberOrNull,
  min: numberOrNull,
  max: numberOrNull,
  sparsity: numberOrNull,
  nanCount: numberOrNull,
  infCount: numberOrNull,
  error: nullable(string),
});

/** One tensor's difference; the fields of the original come first. */
export const PARAMETER_SHAPE: Shape = object<ParameterDiff>({
  name: string,
  changeType: oneOf(CHANGE_TYPES),
  l2Diff: numberOrNull,
  l1Diff: numberOrNull,
  maxDiff: numberOrNull,
  meanDiff: numberOrNull,
  cosineSim: numberOrNull,
  relativeChange: numberOrNull,
  changeRatio: numberOrNull,
  oneMinusCos: numberOrNull,
  symmetricChange: numberOrNull,
  changedElements: numberOrNull,
  totalElements: number,
  identical: boolean,
  bitChanged: numberOrNull,
  oldNorm: numberOrNull,
  newNorm: numberOrNull,
  nanOld: numberOrNull,
  nanNew: numberOrNull,
  infOld: numberOrNull,
  infNew: numberOrNull,
  zerosOld: numberOrNull,
  zerosNew: numberOrNull,
  dtypeChanged: boolean,
  layerType: string,
  role: nullable(string),
  depth: numberOrNull,
  error: nullable(string),
  oldInfo: nullable(TENSOR_INFO),
  newInfo: nullable(TENSOR_INFO),
});

const SIDE_COLUMNS = object<SideColumns>({
  dtype: list(string),
  shape: list(list(number)),
  numElements: floats,
  sizeBytes: floats,
  norm: floats,
  mean: floats,
  std: floats,
  min: floats,
  max: floats,
  zeros: floats,
  nan: floats,
  inf: floats,
});

const TENSOR_COLUMNS = object<TensorColumns>({
  names: list(string),
  changeType: bytes,
  l2Diff: floats,
  l1Diff: floats,
  maxDiff: floats,
  meanDiff: floats,
  cosineSim: floats,
  oneMinusCos: floats,
  relativeChange: floats,
  symmetricChange: floats,
  changedElements: floats,
  totalElements: floats,
  bitChanged: floats,
  identical: bytes,
  dtypeChanged: bytes,
  old: SIDE_COLUMNS,
  new: SIDE_COLUMNS,
  errors: rows,
  rounding: optional(object<RoundingColumns>({ expectedChanged: floats, updateSize: floats })),
});

export const SUMMARY_SHAPE: Shape = object<DiffSummary>({
  totalParametersOld: number,
  totalParametersNew: number,
  addedParameters: number,
  removedParameters: number,
  modifiedParameters: number,
  unchangedParameters: number,
  identicalParameters: number,
  failedParameters: number,
  totalElements: number,
  changedElements: numberOrNull,
  totalL2Diff: number,
  avgCosineSimilarity: number,
  mostChangedLayers: list(tuple(string, number)),
  leastChangedLayers: list(tuple(string, number)),
  configChanges: list(object<ConfigChange>({ key: string, old: verbatim, new: verbatim })),
  tensors: optional(TENSOR_COLUMNS),
});

const ANALYSIS_SUMMARY = object<AnalysisSummary>({
  verdict: string,
  band: oneOf(BANDS),
  change: number,
  cosine: numberOrNull,
  unchangedShare: numberOrNull,
  expectedUnchangedShare: numberOrNull,
  unclassified: list(string),
  tensors: object<AnalysisSummary['tensors']>({ unchanged: number, modified: number, added: number, removed: number, shape_changed: number, failed: number, identical: number }),
});

export const ANALYSIS_SHAPE: Shape = object<Analysis>({
  changePattern: nullable(oneOf(PATTERNS)),
  layerAnalysis: record(object<LayerAnalysis>({ layerType: string, count: number, totalChange: number, avgChange: number, maxChange: number, layers: list(string) })),
  insights: list(
    object<TrainingInsight>({
      category: oneOf(['architecture', 'training_dynamics', 'stability', 'magnitude', 'layer_changes', 'training_config']),
      title: string,
      description: string,
      severity: oneOf(['info', 'warning', 'critical']),
      evidence,
      confidence: optional(number),
    }),
  ),
  summary: ANALYSIS_SUMMARY,
  pattern: nullable(
    object<PatternResult>({ pattern: oneOf(PATTERNS), confidence: number, ambiguous: boolean, identical: boolean, probabilities: list(tuple(oneOf(PATTERNS), number)), evidence }),
  ),
  depthProfile: list(object<DepthPoint>({ stack: string, depth: number, change: number })),
});

const SIDE_OVERVIEW = object<SideOverview>({ tensors: number, elements: number, bytes: numberOrNull, dtypes: list(tuple(string, number)), nonfinite: numberOrNull });

export const OVERVIEW_SHAPE: Shape = object<Overview>({
  old: SIDE_OVERVIEW,
  new: SIDE_OVERVIEW,
  unchanged: number,
  identical: number,
  modified: number,
  added: number,
  removed: number,
  shapeChanged: number,
  dtypeChanged: number,
  failed: number,
  relativeChange: nullable(object<NonNullable<Overview['relativeChange']>>({ median: number, p99: number, max: number })),
  oneMinusCosMax: numberOrNull,
});
