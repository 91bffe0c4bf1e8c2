import type { DiffSummary } from '../comparison/summary.ts';
import { findBand } from './bands.ts';
import { countTensors, type TensorCounts } from './counts.ts';
import { type Coverage, measureCoverage } from './coverage.ts';
import { type Density, measureDensity } from './density.ts';
import { explain, type SharedClaim } from './explanations/explain.ts';
import { readStory, type Story } from './explanations/story.ts';
import { findFrozen, type FrozenParts } from './frozen.ts';
import { sortRows } from './apart.ts';
import { countNonFinite, type NonFinite } from './non-finite.ts';
import { measureOverall, type OverallChange, selectMeasured } from './overall.ts';
import type { TensorRow } from './tensor-row.ts';
import type { AnalysisConfig, LayerAnalysis, MagnitudeBand, PatternResult } from './types.ts';

/** Everything that insights and the verdict are drawn from. */
export interface AnalysisContext {
  readonly rows: readonly TensorRow[];
  readonly summary: DiffSummary;
  readonly layerAnalysis: Readonly<Record<string, LayerAnalysis>>;
  readonly pattern: PatternResult | null;
  readonly counts: TensorCounts;
  readonly coverage: Coverage;
  readonly story: Story;
  /** What accounts for the change. */
  readonly claims: readonly SharedClaim[];
  /** The rows that the magnitude is measured on. */
  readonly measured: readonly TensorRow[];
  readonly overall: OverallChange;
  readonly band: MagnitudeBand;
  readonly density: Density | null;
  readonly frozen: FrozenParts;
  readonly nonFinite: NonFinite;
  readonly significantChangeThreshold: number;
}

/** Gathers what is known of a comparison. */
export function readContext(
  rows: readonly TensorRow[],
  summary: DiffSummary,
  layerAnalysis: Readonly<Record<string, LayerAnalysis>>,
  pattern: PatternResult | null,
  config: AnalysisConfig,
): AnalysisContext {
  const counts = countTensors(rows, summary);
  const sorted = sortRows(rows);
  const story = readStory(rows, sorted, summary);
  const measured = selectMeasured(sorted.weights);
  const overall = measureOverall(measured);
  const reference = measured.reduce((largest, row) => Math.max(largest, row.change || 0), 0);
  return {
    rows,
    summary,
    layerAnalysis,
    pattern,
    counts,
    coverage: measureCoverage(rows, sorted.apart.get('codes') ?? [], summary),
    story,
    claims: explain(story),
    measured,
    overall,
    band: findBand(overall.change, overall.cosine, overall.elements),
    density: measureDensity(measured, readReference(pattern) ?? reference),
    frozen: findFrozen(sorted.weights),
    nonFinite: countNonFinite(rows),
    significantChangeThreshold: config.significantChangeThreshold ?? 0.1,
  };
}

function readReference(pattern: PatternResult | null): number | null {
  const reference = pattern?.evidence['reference'];
  return typeof reference === 'number' ? reference : null;
}
