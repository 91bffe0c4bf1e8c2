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
import {
  boolean,
  described,
  evidence,
  list,
  named,
  nullable,
  number,
  numberOrNull,
  object,
  oneOf,
  optional,
  record,
  type Schema,
  string,
  tuple,
} from './schema.ts';
import { SEVERITY } from './side-schema.ts';

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

const PATTERN = named('change_pattern', oneOf(PATTERNS));

const BANDS = [
  'identical',
  'trace',
  'light',
  'standard',
  'strong',
  'heavy',
  'replaced',
] as const satisfies readonly MagnitudeBand[];

const ANALYSIS_SUMMARY = object<AnalysisSummary>({
  verdict: described('The conclusion in one sentence.', string),
  band: described(
    'Size of the change as a whole; null where less than half of the elements were compared, and where a side was a manifest.',
    nullable(oneOf(BANDS)),
  ),
  change: described(
    'R = sqrt(sum d^2 / sum max(old^2, new^2)) of what was compared; null where a side was a manifest.',
    numberOrNull,
  ),
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

export const ANALYSIS_SCHEMA: Schema = named(
  'analysis',
  object<Analysis>({
    changePattern: nullable(PATTERN),
    layerAnalysis: record(
      named(
        'layer_analysis',
        object<LayerAnalysis>({
          layerType: string,
          count: number,
          totalChange: number,
          avgChange: number,
          maxChange: number,
          layers: list(string),
        }),
      ),
    ),
    insights: list(
      named(
        'insight',
        object<TrainingInsight>({
          code: described('What the insight is about; stable, for scripts.', string),
          category: oneOf(['architecture', 'training_dynamics', 'stability', 'magnitude', 'layer_changes', 'training_config']),
          title: string,
          description: string,
          severity: SEVERITY,
          evidence,
          confidence: optional(described('Probability that the conclusion is right, 0 to 1.', number)),
        }),
      ),
    ),
    explanations: described(
      'What accounts for the change, from what is broken to what was trained; the verdict is made of them.',
      list(
        named(
          'explanation',
          object<Explanation>({
            code: described('The cause; stable, for scripts.', string),
            sentence: string,
            share: described('Share of the sum of d^2 over all changed weights that its tensors hold, 0 to 1.', number),
            tensors: described('Its tensors, as indices into the columns.', list(number)),
            evidence,
          }),
        ),
      ),
    ),
    summary: ANALYSIS_SUMMARY,
    pattern: nullable(
      object<PatternResult>({
        pattern: PATTERN,
        confidence: described('Probability of the pattern, 0 to 1.', number),
        ambiguous: described('True when the first probability is below 0.6.', boolean),
        identical: described('True when nothing changed at all.', boolean),
        probabilities: described('[pattern, probability], most likely first.', list(tuple(PATTERN, number))),
        evidence,
      }),
    ),
    depthProfile: described('R by block, in order.', list(object<DepthPoint>({ stack: string, depth: number, change: number }))),
  }),
);
