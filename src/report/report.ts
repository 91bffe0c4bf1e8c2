import type { Analysis, DiffResult, DiffSummary, ParameterDiff, TensorColumns } from '../types.ts';
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

/** What is known of a result beside it. */
export interface KnownOfReport {
  /** Totals that were saved with the result. @default measured on its columns */
  readonly overview?: Overview;
  /** Whether its list has the unchanged tensors. @default looked up in the list, which is made for it */
  readonly listsUnchanged?: boolean;
}

/** Gathers what the renderers need. The list of a result is made for those alone that write it. */
export function prepareReport(
  result: DiffResult,
  analysis: Analysis,
  oldName: string = 'Model A',
  newName: string = 'Model B',
  known: KnownOfReport = {},
): Report {
  const { summary } = result;
  const columns = summary.tensors ?? readColumns(result.diffs);
  return {
    get diffs() {
      return result.diffs;
    },
    summary,
    analysis,
    oldName,
    newName,
    columns,
    overview: known.overview ?? surveyColumns(columns, summary, analysis),
    get listsUnchanged() {
      return known.listsUnchanged ?? result.diffs.some((diff) => diff.changeType === 'unchanged' && diff.error === null);
    },
  };
}
