import { Comparison } from '../comparison/comparison.ts';
import { checkRows, type PartialRow } from '../comparison/from-rows.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { argumentError } from '../errors.ts';
import { isPlainObject, spell } from '../options.ts';

/**
 * The comparison that a list and a summary stand for: all of it where the summary has its columns, else what the list shows.
 *
 * @throws `ModelDiffError` of kind `Argument` for other values.
 */
export function readResult(diffs: readonly PartialRow[], summary: Partial<DiffSummary>): Comparison {
  checkRows(diffs, 'the analysis');
  if (!isPlainObject(summary)) throw argumentError(`summary must be the summary of a comparison, not ${spell(summary)}`);
  const { tensors } = summary;
  if (tensors === undefined) return Comparison.fromRows(diffs, summary, { includeUnchanged: true });
  const includeUnchanged = diffs.some((row) => row.changeType === 'unchanged' && (row.error ?? null) === null);
  return Comparison.fromColumns(tensors, summary, { includeUnchanged });
}
