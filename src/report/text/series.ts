import type { Severity } from '../../checkpoint/types.ts';
import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesCheckpoint, SeriesResult } from '../../series/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatNoun, formatPercent, formatRest } from '../../wording/numbers.ts';
import { spellAscii } from './ascii.ts';
import { drawProfile } from './glyphs.ts';
import { chooseLayout, fitName, type Layout, type TextOptions } from './layout.ts';
import type { Tone } from './paint.ts';
import { writeOrigin } from './provenance.ts';
import { measureCells, padCells, wrapWords } from '../../wording/width.ts';
import { describeGroup, describeTensorEvent, type EventGroup, groupEvents } from '../event-groups.ts';
import { describeSeriesOrigin } from '../provenance.ts';
import { rankTensors } from '../rank-series.ts';
import { describeScope, DISPENSABLE, formatTwoDigits, STEP_COLUMNS } from '../step-columns.ts';

/** The series for a terminal or a log. The second line is the verdict. */
export function writeSeriesText(
  series: SeriesResult,
  options: TextOptions = {},
  provenance: SeriesProvenance | null = null,
): string {
  const layout = chooseLayout(options);
  const verdict = escapeTerminal(series.verdict);
  const lines = [
    writeHeader(series, layout),
    ...(layout.onTerminal ? wrapWords(verdict, layout.width) : [verdict]).map((line) => layout.paint('strong', line)),
    '',
    ...writeSteps(series, layout),
    layout.paint('dim', `  ${describeScope(series)}`),
    ...writeEvents(series, layout),
    ...writeTensors(series, layout),
    ...writeOrigin(describeSeriesOrigin(provenance), layout),
  ];
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return options.ascii === true ? spellAscii(text) : text;
}

function writeHeader({ checkpoints }: SeriesResult, layout: Layout): string {
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  const facts = `  ${formatNoun(checkpoints.length, 'checkpoint')}  ${last === undefined ? '' : describeCheckpoint(last)}`;
  const room = Math.floor((layout.width - measureCells(facts) - 4) / 2);
  const names = [first, last].map((checkpoint) => layout.paint('strong', fitName(checkpoint?.name ?? '', room, layout)));
  return `${names.join(` ${layout.glyphs.arrow} `)}${facts}`;
}

function describeCheckpoint({ tensors, parameters, sizeBytes }: SeriesCheckpoint): string {
  return `${formatNoun(tensors, 'tensor')}  ${formatNoun(parameters, 'parameter')}  ${formatBytes(sizeBytes)}`;
}

/** One line a checkpoint; the first has no step. */
function writeSteps({ checkpoints, steps }: SeriesResult, layout: Layout): string[] {
  const numberCells = String(steps.length).length;
  const cells = STEP_COLUMNS.map(({ title, read }) => ({ title, values: steps.map(read) })).map(({ title, values }) => ({
    title,
    values,
    width: Math.max(measureCells(title), ...values.map((value) => measureCells(value))) + 2,
  }));
  const names = checkpoints.map(({ name }) => fitName(name, 40, layout));
  const widest = names.reduce((most, name) => Math.max(most, measureCells(name)), 'checkpoint'.length);
  const dropped = new Set<string>();
  const room = (): number =>
    layout.width - numberCells - 4 - cells.reduce((sum, { title, width }) => sum + (dropped.has(title) ? 0 : width), 0);
  for (const title of DISPENSABLE) if (layout.onTerminal && room() < Math.min(widest, 24)) dropped.add(title);
  const nameCells = layout.onTerminal ? Math.min(widest, Math.max(room(), 8)) : widest;
  const shown = cells.filter(({ title }) => !dropped.has(title));
  const pad = (text: string, width: number): string => ' '.repeat(Math.max(0, width - measureCells(text))) + text;
  const head = `  ${' '.repeat(numberCells)}  ${padCells('checkpoint', nameCells)}${shown.map(({ title, width }) => pad(title, width)).join('')}`;
  const rows = checkpoints.map(({ name }, index) => {
    const values = index === 0 ? '' : shown.map(({ values: column, width }) => pad(column[index - 1] ?? '', width)).join('');
    return `  ${String(index).padStart(numberCells)}  ${padCells(fitName(name, nameCells, layout), nameCells)}${values}`;
  });
  return [layout.paint('dim', head), ...rows];
}

function writeEvents(series: SeriesResult, layout: Layout): string[] {
  const groups = groupEvents(series);
  if (groups.length === 0) return [];
  return ['', layout.paint('strong', 'events'), ...groups.flatMap((group) => writeGroup(series, group, layout))];
}

function writeGroup({ checkpoints }: SeriesResult, group: EventGroup, layout: Layout): string[] {
  const place = fitName(checkpoints[group.step]?.name ?? '', 30, layout);
  const lines = wrapWords(`${place} (step ${group.step}): ${describeGroup(group)}`, layout.width - 11);
  const shown = group.tensors.slice(0, Math.min(layout.rows, TENSORS_PER_EVENT));
  const rest = formatRest(group.tensors.length - shown.length, 'tensor');
  return [
    ...lines.map(
      (line, index) => `  ${index === 0 ? layout.paint(TONES[group.severity], group.severity.padEnd(9)) : ' '.repeat(9)}${line}`,
    ),
    ...shown.map((event) => {
      const note = escapeTerminal(describeTensorEvent(event));
      return `${' '.repeat(11)}${fitName(event.tensor ?? '', layout.width - 13 - measureCells(note), layout)}  ${layout.paint('dim', note)}`;
    }),
    ...(rest === '' ? [] : [`${' '.repeat(11)}${rest}`]),
  ];
}

/** More names than these under one event hide the next event. */
const TENSORS_PER_EVENT = 5;
const TONES: Readonly<Record<Severity, Tone>> = { critical: 'bad', warning: 'warn', info: 'accent' };

function writeTensors(series: SeriesResult, layout: Layout): string[] {
  const shown = rankTensors(series, layout.rows);
  const rest = series.tensors.names.length - shown.length;
  const cells = Math.min(20, series.steps.length);
  const stepsTitle = 'steps'.padEnd(cells);
  const lines = shown.map(({ name, relativeDistance, straightness, relativeSteps }) => {
    const profile = drawProfile(
      Array.from(relativeSteps, (size) => (Number.isFinite(size) ? size : 0)),
      cells,
      layout.glyphs,
    );
    const numbers = ` ${formatPercent(relativeDistance, 3).padStart(10)} ${formatTwoDigits(straightness).padStart(12)}  `;
    return `${numbers}${layout.paint('accent', padCells(profile, stepsTitle.length))}  ${fitName(name, layout.width - 28 - stepsTitle.length, layout)}`;
  });
  if (shown.length > 0)
    lines.unshift(layout.paint('dim', ` ${'from start'.padStart(10)} ${'straightness'.padStart(12)}  ${stepsTitle}  tensor`));
  if (rest > 0) lines.push(`  ${formatRest(rest, 'tensor')}${layout.moreHint}`);
  return lines.length === 0 ? [] : ['', ...lines];
}
