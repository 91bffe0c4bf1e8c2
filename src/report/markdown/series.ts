import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesResult } from '../../series/types.ts';
import { escapeMarkdown } from '../../wording/escape.ts';
import { formatNoun, formatPercent } from '../../wording/numbers.ts';
import { fitBlocks, type MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';
import type { MarkdownOptions } from './comparison.ts';
import { writeOrigin } from './provenance.ts';
import { explainSeries } from '../../series/details.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { describeGroup, describeTensorEvent, groupEvents } from '../event-groups.ts';
import { describeSeriesOrigin } from '../provenance.ts';
import { rankTensors } from '../rank-series.ts';
import { describeScope, formatTwoDigits, STEP_COLUMNS } from '../step-columns.ts';

/** The series for a comment or a page in Markdown (GitHub's). */
export function writeSeriesMarkdown(
  series: SeriesResult,
  options: MarkdownOptions = {},
  provenance: SeriesProvenance | null = null,
): string {
  const { rows = 50, maxCharacters = 60_000 } = options;
  const { checkpoints, verdict } = series;
  const details = explainSeries(series);
  const head = [
    `## ${codeName(checkpoints[0]?.name ?? '')} → ${codeName(checkpoints.at(-1)?.name ?? '')}`,
    `**${escapeMarkdown(truncateMiddle(verdict, 2000))}**`,
    ...(details === '' ? [] : [escapeMarkdown(truncateMiddle(details, 2000))]),
    describeScope(series),
  ];
  return fitBlocks(
    { head: head.join('\n\n'), foot: writeOrigin(describeSeriesOrigin(provenance)) },
    [listSteps(series), listEvents(series, rows), listTensors(series, rows)],
    rows,
    maxCharacters,
  );
}

function listSteps({ checkpoints, steps }: SeriesResult): MarkdownBlock {
  const titles = ['step', 'checkpoint', ...STEP_COLUMNS.map(({ title }) => title)];
  const lines = steps.map((step) => {
    const cells = [
      String(step.step),
      codeName(checkpoints[step.step]?.name ?? ''),
      ...STEP_COLUMNS.map(({ read }) => read(step)),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [`| ${titles.join(' | ')} |`, `| ---: | --- | ${STEP_COLUMNS.map(() => '---:').join(' | ')} |`];
  return { title: 'Steps', head, lines, total: lines.length, noun: 'step', asItem: (text) => `\n${text}`, isFolded: false };
}

function listEvents(series: SeriesResult, rows: number): MarkdownBlock {
  const lines = groupEvents(series).map((group) => {
    const shown = group.tensors.slice(0, Math.min(rows, 5));
    const names = shown.map(
      (event) => `${codeName(event.tensor ?? '')} (${escapeMarkdown(truncateMiddle(describeTensorEvent(event), 300))})`,
    );
    const rest = group.tensors.length > shown.length ? ` and ${group.tensors.length - shown.length} more` : '';
    const place = `${codeName(series.checkpoints[group.step]?.name ?? '')} (step ${group.step})`;
    return `- **${group.severity}** ${place}: ${escapeMarkdown(describeGroup(group))}${names.length === 0 ? '' : `: ${names.join(', ')}${rest}`}`;
  });
  return { title: 'Events', head: [], lines, total: lines.length, noun: 'event', asItem: (text) => `- ${text}`, isFolded: false };
}

function listTensors(series: SeriesResult, rows: number): MarkdownBlock {
  const total = series.tensors.names.length;
  const lines = rankTensors(series, rows).map(
    ({ name, relativeDistance, straightness }) =>
      `| ${codeName(name)} | ${formatPercent(relativeDistance, 3)} | ${formatTwoDigits(straightness)} |`,
  );
  const head = ['| tensor | from start | straightness |', '| --- | ---: | ---: |'];
  return {
    title: `Furthest from the start: ${formatNoun(total, 'tensor')}`,
    head,
    lines,
    total,
    noun: 'tensor',
    asItem: (text) => `\n${text}`,
    isFolded: true,
  };
}
