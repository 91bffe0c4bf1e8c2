import type { TrainingInsight } from '../types.ts';
import type { AnalysisContext } from '../context.ts';
import { explainArchitectureChange } from './architecture-change.ts';
import { explainBrokenTie } from './broken-tie.ts';
import { explainPattern } from './change-pattern.ts';
import { explainChangedElements } from './changed-elements.ts';
import { explainConfigChanges } from './config-changes.ts';
import { explainDirection } from './direction.ts';
import { explainConversion } from './dtype-conversion.ts';
import { explainEmbeddingResize } from './embedding-resize.ts';
import { explainExpertImbalance } from './expert-imbalance.ts';
import { explainFailedTensors } from './failed-tensors.ts';
import { explainFrozenParts } from './frozen-parts.ts';
import type { InsightEntry } from './insight.ts';
import { explainMagnitude } from './magnitude.ts';
import { explainNonFinite } from './non-finite-values.ts';
import { explainNormGrowth } from './norm-growth.ts';
import { explainOutliers } from './outliers.ts';
import { explainRescaling } from './rescaled-weights.ts';
import { explainSmallParameters } from './small-parameters.ts';
import { explainTypeContrast } from './type-contrast.ts';

/** All insights, in the order in which they are told. */
const INSIGHTS: readonly InsightEntry[] = [
  { explain: explainNonFinite, isDynamics: false },
  { explain: explainFailedTensors, isDynamics: false },
  { explain: explainNormGrowth, isDynamics: false },
  { explain: explainDirection, isDynamics: false },
  { explain: explainArchitectureChange, isDynamics: false },
  { explain: explainEmbeddingResize, isDynamics: false },
  { explain: explainBrokenTie, isDynamics: false },
  { explain: explainMagnitude, isDynamics: false },
  { explain: explainConversion, isDynamics: false },
  { explain: explainRescaling, isDynamics: false },
  { explain: explainPattern, isDynamics: true },
  { explain: explainChangedElements, isDynamics: true },
  { explain: explainSmallParameters, isDynamics: true },
  { explain: explainFrozenParts, isDynamics: false },
  { explain: explainTypeContrast, isDynamics: false },
  { explain: explainOutliers, isDynamics: false },
  { explain: explainExpertImbalance, isDynamics: false },
  { explain: explainConfigChanges, isDynamics: false },
];

/** Draws every conclusion that holds. */
export function explainAll(context: AnalysisContext, withDynamics: boolean): TrainingInsight[] {
  return INSIGHTS.filter((entry) => withDynamics || !entry.isDynamics).flatMap((entry) => entry.explain(context));
}
