import type { Analysis } from '../analysis/types.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import type { Comparison } from '../comparison/comparison.ts';
import type { ComparedSide } from '../comparison/side.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import type { RuleResult } from '../rules/types.ts';

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
  /** What became of the rules that the comparison was held to. */
  readonly rules: readonly RuleResult[];
  /** Whether unchanged tensors are listed too. */
  readonly listsUnchanged: boolean;
}

/** What a report tells beside its comparison. */
export interface ReportFacts {
  /** @default the names in the comparison */
  readonly oldName?: string | undefined;
  readonly newName?: string | undefined;
  readonly rules?: readonly RuleResult[] | undefined;
}

/** Gathers what the renderers need. */
export function prepareReport(
  comparison: Comparison,
  analysis: Analysis,
  { oldName, newName, rules = [] }: ReportFacts = {},
): Report {
  const { columns, summary, old, new: fresh, options } = comparison;
  return {
    comparison,
    analysis,
    columns,
    summary,
    old,
    new: fresh,
    oldName: oldName ?? old.name,
    newName: newName ?? fresh.name,
    rules,
    listsUnchanged: options.includeUnchanged,
  };
}
