import { escapeMarkdown } from '../../wording/escape.ts';
import { formatBytes, formatConfidence, formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { describeNameChange } from '../../names/name-change.ts';
import type { Report } from '../report.ts';
import type { MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';
import { listChoices } from './left-out.ts';

/** What both checkpoints consist of, how their names were matched, and the totals that a pull request can do without. */
export function writeSides(report: Report): MarkdownBlock {
  const { old, new: fresh, oldName, newName, summary, analysis } = report;
  const lines: string[] = [];
  for (const [label, name, side] of [
    ['old', oldName, old],
    ['new', newName, fresh],
  ] as const) {
    const dtypes = side.dtypes.slice(0, 4).map(([dtype]) => codeName(dtype));
    lines.push(
      `- ${label}: ${codeName(name)}, ${formatNoun(side.tensors, 'tensor')}, ${formatNoun(side.elements, 'parameter')}, ${formatBytes(side.bytes)}, ${dtypes.join(', ')}`,
    );
  }
  for (const change of summary.nameChanges ?? [])
    lines.push(`- ${escapeMarkdown(truncateMiddle(describeNameChange(change), 300))}`);
  lines.push(...listChoices(report));
  if (summary.relativeChange !== null) {
    const { median, p99, max } = summary.relativeChange;
    lines.push(
      `- Relative change: median ${formatPercent(median, 3)}, p99 ${formatPercent(p99, 3)}, largest ${formatPercent(max, 3)}`,
    );
  }
  if (summary.changedElements !== null)
    lines.push(`- Elements: ${formatCount(summary.changedElements)} of ${formatCount(summary.totalElements)} changed`);
  if (analysis.pattern !== null && !analysis.pattern.identical)
    lines.push(
      `- Pattern: ${analysis.pattern.pattern.replaceAll('_', ' ')} (${formatConfidence(analysis.pattern.confidence)} sure)`,
    );
  return {
    title: 'Checkpoints and totals',
    head: [],
    lines,
    total: lines.length,
    noun: 'line',
    asItem: (text) => `- ${text}`,
    isFolded: true,
  };
}
