import type { TrainingInsight } from '../types.ts';
import type { AnalysisContext } from '../context.ts';

/** Draws one conclusion, several of a kind, or none. */
export type Explain = (context: AnalysisContext) => readonly TrainingInsight[];

/** An entry of the table of insights. */
export interface InsightEntry {
  readonly explain: Explain;
  /** Left out with `analyzeTrainingDynamics: false`. */
  readonly isDynamics: boolean;
  /** Whether it needs no number of a change: names, shapes, files, and what each side holds by itself. */
  readonly isStructural?: true;
}
