import type { AnalysisContext } from '../context.ts';
import type { Severity } from '../../checkpoint/types.ts';
import type { TrainingInsight } from '../types.ts';
import { explainArchitectureChange } from './architecture-change.ts';
import { explainBrokenTie } from './broken-tie.ts';
import { explainChangedElements } from './changed-elements.ts';
import { explainConfigChanges } from './config-changes.ts';
import { explainDirection } from './direction.ts';
import { explainEmbeddingResize } from './embedding-resize.ts';
import { explainExpertImbalance } from './expert-imbalance.ts';
import { explainFailedTensors } from './failed-tensors.ts';
import { explainFrozenParts } from './frozen-parts.ts';
import type { InsightEntry } from './insight.ts';
import { explainLeftOut } from './left-out.ts';
import { explainMagnitude } from './magnitude.ts';
import { explainNonFinite } from './non-finite-values.ts';
import { explainNormGrowth } from './norm-growth.ts';
import { explainOutliers } from './outliers.ts';
import { explainTypeContrast } from './type-contrast.ts';

/** All insights, the most surprising first. */
const INSIGHTS: readonly InsightEntry[] = [
  { explain: explainNonFinite, isDynamics: false, isStructural: true },
  { explain: explainFailedTensors, isDynamics: false, isStructural: true },
  { explain: explainLeftOut, isDynamics: false, isStructural: true },
  { explain: explainBrokenTie, isDynamics: false },
  { explain: explainNormGrowth, isDynamics: false },
  { explain: explainDirection, isDynamics: false },
  { explain: explainArchitectureChange, isDynamics: false, isStructural: true },
  { explain: explainEmbeddingResize, isDynamics: false },
  { explain: explainConfigChanges, isDynamics: false, isStructural: true },
  { explain: explainChangedElements, isDynamics: true },
  { explain: explainOutliers, isDynamics: false },
  { explain: explainTypeContrast, isDynamics: false },
  { explain: explainExpertImbalance, isDynamics: false },
  { explain: explainFrozenParts, isDynamics: false },
  { explain: explainMagnitude, isDynamics: false },
];

/** More than these are not read. Whatever is wrong is always told. */
const MOST = 6;

const GRAVITY: readonly Severity[] = ['critical', 'warning', 'info'];

/** Draws the conclusions that hold: what is wrong first, then what is most surprising. */
export function explainAll(context: AnalysisContext, withDynamics: boolean): TrainingInsight[] {
  return sort(INSIGHTS.filter((entry) => withDynamics || !entry.isDynamics).flatMap((entry) => entry.explain(context)));
}

/** The conclusions that rest on no number of a change. */
export function explainStructure(context: AnalysisContext): TrainingInsight[] {
  return sort(INSIGHTS.filter((entry) => entry.isStructural === true).flatMap((entry) => entry.explain(context)));
}

function sort(found: readonly TrainingInsight[]): TrainingInsight[] {
  const sorted = [...found].sort((a, b) => GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity));
  return sorted.filter(({ severity }, at) => severity !== 'info' || at < MOST);
}
