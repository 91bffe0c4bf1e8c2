import { describeNameChange, describeNotes, describeRow, describeShapes, findTop } from '../describe.ts';
import { escapeMarkdown } from '../../wording/escape.ts';
import { formatBytes, formatConfidence, formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { fitBlocks, type MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';
import { listChoices, writeFindings, writeLeftOut } from './left-out.ts';
import { writeRules } from './rules.ts';
import { listStructure } from './structure.ts';
import { rankModified, sortInsights } from '../rank.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import { describeUnconfigured } from '../configuration.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../../wording/width.ts';

/** Options of the Markdown report. */
export interface MarkdownOptions {
  /** Rows of each list; what is left out is counted in words. @default 50 */
  readonly rows?: number;
  /** Most characters of the whole; a comment on GitHub holds 65,536. Rows and then sections are left out, and named. @default 60000 */
  readonly maxCharacters?: number;
}

const SIGNS = { times: '×', arrow: '→' };

/** The report for a comment or a page in Markdown (GitHub's). */
export function writeMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const { rows = 50, maxCharacters = 60_000 } = options;
  const { analysis, oldName, newName } = report;
  const head = [
    `# ${codeName(oldName)} → ${codeName(newName)}`,
    `**${escapeMarkdown(truncateMiddle(analysis.summary.verdict, 2000))}**`,
    writeSides(report),
    writeNumbers(report),
  ];
  return fitBlocks(
    head.join('\n\n'),
    [
      writeRules(report),
      writeFailed(report),
      writeLeftOut(report),
      writeFindings(report),
      writeInsights(report),
      writeModified(report, rows),
      ...listStructure(report, rows),
      writeConfiguration(report),
    ],
    rows,
    maxCharacters,
  );
}

function writeSides({ old, new: fresh, oldName, newName }: Report): string {
  const lines = ['| | checkpoint | tensors | parameters | size | dtypes |', '| --- | --- | ---: | ---: | ---: | --- |'];
  for (const [label, name, side] of [
    ['old', oldName, old],
    ['new', newName, fresh],
  ] as const) {
    const dtypes = side.dtypes
      .slice(0, 4)
      .map(([dtype]) => codeName(dtype))
      .join(', ');
    lines.push(
      `| ${label} | ${codeName(name)} | ${formatCount(side.tensors)} | ${formatCount(side.elements)} | ${formatBytes(side.bytes)} | ${dtypes} |`,
    );
  }
  return lines.join('\n');
}

function writeNumbers(report: Report): string {
  const { old, new: next, summary, analysis } = report;
  const counts = [
    `${formatCount(summary.modifiedTensors)} modified`,
    `${formatCount(summary.identicalTensors)} identical`,
    `${formatCount(summary.addedTensors)} added`,
    `${formatCount(summary.removedTensors)} removed`,
    `${formatCount(summary.reshapedTensors)} reshaped`,
  ];
  const within = summary.unchangedTensors - summary.identicalTensors;
  if (within > 0) counts.splice(2, 0, `${formatCount(within)} within the threshold`);
  if (summary.dtypeChangedTensors > 0) counts.push(`${formatCount(summary.dtypeChangedTensors)} with another dtype`);
  if (summary.failedTensors > 0) counts.push(`**${formatCount(summary.failedTensors)} failed**`);
  const lines = [`- Tensors: ${counts.join(', ')}`];
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
  const hasNonfinite = old.nonfinite + next.nonfinite > 0;
  lines.push(`- NaN and Inf: ${hasNonfinite ? `${formatCount(old.nonfinite)} → ${formatCount(next.nonfinite)}` : 'none'}`);
  if (analysis.pattern !== null && !analysis.pattern.identical)
    lines.push(`- Pattern: ${codeName(analysis.pattern.pattern)} (${formatConfidence(analysis.pattern.confidence)} sure)`);
  return lines.join('\n');
}

function writeInsights({ analysis }: Report): MarkdownBlock {
  const lines = sortInsights(analysis.insights).map(
    (insight) =>
      `- **${insight.severity}**: ${escapeMarkdown(truncateMiddle(insight.title, 300))}. ${escapeMarkdown(truncateMiddle(insight.description, 2000))}`,
  );
  return { title: 'Insights', head: [], lines, total: lines.length, noun: 'insight', asItem: (text) => `- ${text}` };
}

function writeFailed({ columns, summary }: Report): MarkdownBlock {
  const lines = [...columns.errors]
    .sort(([a], [b]) => a - b)
    .map(([row, message]) => `- ${codeName(columns.names[row] ?? '')}: ${escapeMarkdown(truncateMiddle(message, 600))}`);
  return {
    title: `Could not be compared: ${formatNoun(summary.failedTensors, 'tensor')}`,
    head: [],
    lines,
    total: summary.failedTensors,
    noun: 'failed tensor',
    asItem: (text) => `- ${text}`,
  };
}

function writeModified({ columns, summary }: Report, rows: number): MarkdownBlock {
  const ranked = rankModified(columns, rows);
  const top = findTop(columns, ranked);
  const lines = [...ranked].map((row) => {
    const words = describeRow(columns, row, top, (change) => formatPercent(change, 3));
    const notes = [describeShapes(columns, row, SIGNS), describeNotes(columns, row, SIGNS)]
      .filter((note) => note !== '')
      .map(codeName)
      .join(' ');
    return `| ${codeName(columns.names[row] ?? '')} | ${words.relative} | ${words.cosine} | ${words.changed} | ${notes} |`;
  });
  const head = ['| tensor | relative change | cosine | changed | |', '| --- | ---: | ---: | ---: | --- |'];
  return {
    title: 'Most changed tensors',
    head,
    lines,
    total: summary.modifiedTensors,
    noun: 'modified tensor',
    asItem: (text) => `\n${text}`,
  };
}

function writeConfiguration({ summary }: Report): MarkdownBlock {
  const value = (of: unknown): string => (of === undefined ? 'absent' : codeName(spellConfigValue(of)));
  const lines = summary.configChanges.map(
    (change) => `| ${codeName(change.key)} | ${value(change.old)} | ${value(change.new)} |`,
  );
  if (lines.length === 0 && summary.unconfigured.length > 0) {
    const notes = summary.unconfigured.map((side) => `- ${describeUnconfigured(side)}`);
    return { title: 'Configuration', head: [], lines: notes, total: notes.length, noun: 'note', asItem: (text) => `- ${text}` };
  }
  return {
    title: 'Configuration',
    head: ['| key | old | new |', '| --- | --- | --- |'],
    lines,
    total: lines.length,
    noun: 'changed key',
    asItem: (text) => `\n${text}`,
  };
}
