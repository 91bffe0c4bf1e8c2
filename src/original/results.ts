import { Comparison } from '../comparison/comparison.ts';
import type { PartialRow } from '../comparison/from-rows.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { argumentError } from '../errors.ts';
import { spell } from '../options.ts';

/** @throws `ModelDiffError` of kind `Argument` for what is no list of rows. */
export function checkRows(diffs: unknown, where: string): void {
  if (Array.isArray(diffs) && diffs.every((row) => typeof row === 'object' && row !== null)) return;
  throw argumentError(`${where} takes a list of differences, not ${spell(diffs)}`, 'pass the diffs of a comparison');
}

/**
 * The comparison that a list and a summary stand for: all of it where the summary has its columns, else what the list shows.
 *
 * @throws `ModelDiffError` of kind `Argument` for other values.
 */
export function readResult(diffs: readonly PartialRow[], summary: Partial<DiffSummary>): Comparison {
  checkRows(diffs, 'the analysis');
  if (typeof summary !== 'object' || summary === null)
    throw argumentError(`summary must be the summary of a comparison, not ${spell(summary)}`);
  const { tensors } = summary;
  if (tensors === undefined) return Comparison.fromRows(diffs, summary, { includeUnchanged: true });
  const includeUnchanged = diffs.some((row) => row.changeType === 'unchanged' && (row.error ?? null) === null);
  return Comparison.fromColumns(tensors, summary, { includeUnchanged });
}
