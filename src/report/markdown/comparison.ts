import { describeNotes, describeRow, describeShapes, findTop } from '../describe.ts';
import { escapeMarkdown } from '../../wording/escape.ts';
import { formatNoun, formatPercent } from '../../wording/numbers.ts';
import { fitBlocks, type MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';
import { writeCounts } from './counts.ts';
import { writeDepth } from './depth.ts';
import { writeFindings, writeLeftOut } from './left-out.ts';
import { writeModules } from './modules.ts';
import { writeOrigin } from './provenance.ts';
import { writeRules } from './rules.ts';
import { writeSides } from './sides.ts';
import { listStructure } from './structure.ts';
import { rankModified, sortInsights } from '../rank.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import { describeUnconfigured } from '../configuration.ts';
import { describeOrigin } from '../provenance.ts';
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

/** The report for a comment on a pull request, a summary of a job or a page in Markdown (GitHub's). */
export function writeMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const { rows = 50, maxCharacters = 60_000 } = options;
  const { analysis, oldName, newName } = report;
  const head = [
    `## ${codeName(oldName)} → ${codeName(newName)}`,
    `**${escapeMarkdown(truncateMiddle(analysis.summary.verdict, 2000))}**`,
    writeCounts(report),
    ...writeDepth(report),
  ];
  return fitBlocks(
    { head: head.join('\n\n'), foot: writeOrigin(describeOrigin(report)) },
    [
      writeRules(report),
      writeFailed(report),
      writeFindings(report),
      writeLeftOut(report),
      writeModules(report, rows),
      writeModified(report, rows),
      writeInsights(report),
      ...listStructure(report, rows),
      writeConfiguration(report),
      writeSides(report),
    ],
    rows,
    maxCharacters,
  );
}

function writeInsights({ analysis }: Report): MarkdownBlock {
  const lines = sortInsights(analysis.insights).map(
    (insight) =>
      `- **${insight.severity}**: ${escapeMarkdown(truncateMiddle(insight.title, 300))}. ${escapeMarkdown(truncateMiddle(insight.description, 2000))}`,
  );
  return {
    title: `Insights: ${lines.length}`,
    head: [],
    lines,
    total: lines.length,
    noun: 'insight',
    asItem: (text) => `- ${text}`,
    isFolded: !analysis.insights.some(({ severity }) => severity === 'critical'),
  };
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
    isFolded: false,
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
    isFolded: false,
  };
}

function writeConfiguration({ summary }: Report): MarkdownBlock {
  const value = (of: unknown): string => (of === undefined ? 'absent' : codeName(spellConfigValue(of)));
  const lines = summary.configChanges.map(
    (change) => `| ${codeName(change.key)} | ${value(change.old)} | ${value(change.new)} |`,
  );
  if (lines.length === 0 && summary.unconfigured.length > 0) {
    const notes = summary.unconfigured.map((side) => `- ${describeUnconfigured(side)}`);
    return {
      title: 'Configuration',
      head: [],
      lines: notes,
      total: notes.length,
      noun: 'note',
      asItem: (text) => `- ${text}`,
      isFolded: true,
    };
  }
  return {
    title: `Configuration: ${formatNoun(lines.length, 'changed key')}`,
    head: ['| key | old | new |', '| --- | --- | --- |'],
    lines,
    total: lines.length,
    noun: 'changed key',
    asItem: (text) => `\n${text}`,
    isFolded: true,
  };
}
