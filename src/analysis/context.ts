import type { AnalysisConfig, LayerAnalysis, MagnitudeBand, PatternResult } from './types.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { findBand } from './bands.ts';
import { countTensors, type TensorCounts } from './counts.ts';
import { measureDensity, type Density } from './density.ts';
import { findFrozen, type FrozenParts } from './frozen.ts';
import { countNonFinite, type NonFinite } from './non-finite.ts';
import { measureOverall, selectMeasured, type OverallChange } from './overall.ts';
import { findConversions, type PrecisionChange } from './precision.ts';
import { findRescaling, type Rescaling } from './rescale.ts';
import type { TensorRow } from './tensor-row.ts';

/** Everything that insights and the verdict are drawn from. */
export interface AnalysisContext {
  readonly rows: readonly TensorRow[];
  readonly summary: DiffSummary;
  readonly layerAnalysis: Readonly<Record<string, LayerAnalysis>>;
  readonly pattern: PatternResult | null;
  readonly counts: TensorCounts;
  /** The rows that the magnitude is measured on. */
  readonly measured: readonly TensorRow[];
  readonly overall: OverallChange;
  readonly band: MagnitudeBand;
  readonly density: Density | null;
  readonly frozen: FrozenParts;
  readonly nonFinite: NonFinite;
  readonly precision: PrecisionChange | null;
  readonly rescaling: Rescaling | null;
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
  const measured = selectMeasured(rows);
  const overall = measureOverall(measured);
  const reference = measured.reduce((largest, row) => Math.max(largest, row.change || 0), 0);
  return {
    rows,
    summary,
    layerAnalysis,
    pattern,
    counts,
    measured,
    overall,
    band: rows.length > 0 && counts.compared === 0 ? 'replaced' : findBand(overall.change, overall.cosine, overall.elements),
    density: measureDensity(measured, readReference(pattern) ?? reference),
    frozen: findFrozen(rows),
    nonFinite: countNonFinite(rows),
    precision: findConversions(rows),
    rescaling: findRescaling(measured),
    significantChangeThreshold: config.significantChangeThreshold ?? 0.1,
  };
}

function readReference(pattern: PatternResult | null): number | null {
  const reference = pattern?.evidence['reference'];
  return typeof reference === 'number' ? reference : null;
}
