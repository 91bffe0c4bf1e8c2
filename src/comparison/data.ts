import type { TensorColumns } from './columns.ts';
import type { Provenance } from './provenance.ts';
import type { ComparedSide } from './side.ts';
import type { DiffSummary } from './summary.ts';

/** The options of a comparison that matter to whoever reads it. */
export interface ComparisonOptions {
  /** An element has changed when |d| is above this. */
  readonly changeThreshold: number;
  readonly precision: 'fast' | 'double';
  readonly computeElementWise: boolean;
  readonly normalizeBySize: boolean;
  readonly topKLayers: number;
  /** Whether unchanged tensors are listed too. */
  readonly includeUnchanged: boolean;
  /** Patterns of the names that were compared; empty for all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** The plain data of a `Comparison`: what `structuredClone` makes of one. */
export interface ComparisonData {
  readonly columns: TensorColumns;
  readonly summary: DiffSummary;
  readonly old: ComparedSide;
  readonly new: ComparedSide;
  readonly options: ComparisonOptions;
  readonly provenance: Provenance | null;
}
