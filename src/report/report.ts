import type { Analysis, DiffSummary, ParameterDiff, TensorColumns } from '../types.ts';
import { readColumns } from './columns.ts';
import { type Overview, surveyColumns } from './overview.ts';

/** A result, ready to be written in any format: what every renderer reads. */
export interface Report {
  /** The listed view of the result. */
  readonly diffs: readonly ParameterDiff[];
  readonly summary: DiffSummary;
  readonly analysis: Analysis;
  readonly oldName: string;
  readonly newName: string;
  /** Every tensor of the result; only the listed ones where the result came without its columns. */
  readonly columns: TensorColumns;
  /** Totals of the whole result, listed or not. */
  readonly overview: Overview;
  /** Whether unchanged tensors are listed too. */
  readonly listsUnchanged: boolean;
}

/**
 * Gathers what the renderers need.
 * @param overview totals that were saved with the result; measured on its columns when absent
 */
export function prepareReport(
  diffs: readonly ParameterDiff[],
  summary: DiffSummary,
  analysis: Analysis,
  oldName: string = 'Model A',
  newName: string = 'Model B',
  overview?: Overview,
): Report {
  const columns = summary.tensors ?? readColumns(diffs);
  const listsUnchanged = diffs.some((diff) => diff.changeType === 'unchanged' && diff.error === null);
  return {
    diffs,
    summary,
    analysis,
    oldName,
    newName,
    columns,
    overview: overview ?? surveyColumns(columns, summary, analysis),
    listsUnchanged,
  };
}
