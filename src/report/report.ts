import type { Analysis } from '../analysis/types.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import type { Comparison } from '../comparison/comparison.ts';
import type { ComparedSide } from '../comparison/side.ts';
import type { DiffSummary } from '../comparison/summary.ts';

/** A comparison and what was found in it: what every renderer reads. */
export interface Report {
  readonly comparison: Comparison;
  readonly analysis: Analysis;
  readonly columns: TensorColumns;
  readonly summary: DiffSummary;
  readonly old: ComparedSide;
  readonly new: ComparedSide;
  readonly oldName: string;
  readonly newName: string;
  /** Whether unchanged tensors are listed too. */
  readonly listsUnchanged: boolean;
}

/** Gathers what the renderers need. */
export function prepareReport(
  comparison: Comparison,
  analysis: Analysis,
  names: { readonly oldName?: string | undefined; readonly newName?: string | undefined } = {},
): Report {
  const { columns, summary, old, new: fresh, options } = comparison;
  return {
    comparison,
    analysis,
    columns,
    summary,
    old,
    new: fresh,
    oldName: names.oldName ?? old.name,
    newName: names.newName ?? fresh.name,
    listsUnchanged: options.includeUnchanged,
  };
}
