import { formatCount } from '../../wording/numbers.ts';
import type { Report } from '../report.ts';

/** Tensors by kind of change, as a table of one row. Kinds that hardly ever occur are there only when they do. */
export function writeCounts({ summary, old, new: fresh }: Report): string {
  const within = summary.unchangedTensors - summary.identicalTensors;
  const counts: readonly (readonly [title: string, cell: string, isShown: boolean])[] = [
    ['changed', formatCount(summary.modifiedTensors), true],
    ['identical', formatCount(summary.identicalTensors), true],
    ['within the threshold', formatCount(within), within > 0],
    ['added', formatCount(summary.addedTensors), true],
    ['removed', formatCount(summary.removedTensors), true],
    ['reshaped', formatCount(summary.reshapedTensors), true],
    ['another dtype', formatCount(summary.dtypeChangedTensors), summary.dtypeChangedTensors > 0],
    ['NaN and Inf', describeNonfinite(old.nonfinite, fresh.nonfinite), true],
    ['**failed**', `**${formatCount(summary.failedTensors)}**`, summary.failedTensors > 0],
  ];
  const shown = counts.filter(([, , isShown]) => isShown);
  return [
    `| ${shown.map(([title]) => title).join(' | ')} |`,
    `| ${shown.map(() => '---:').join(' | ')} |`,
    `| ${shown.map(([, cell]) => cell).join(' | ')} |`,
  ].join('\n');
}

function describeNonfinite(before: number, after: number): string {
  if (before === 0 && after === 0) return '0';
  const text = `${formatCount(before)} → ${formatCount(after)}`;
  return after > before ? `**${text}**` : text;
}
