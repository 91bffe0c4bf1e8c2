import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatCount, formatNoun } from '../../wording/numbers.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import { measureCells, wrapWords } from '../../wording/width.ts';
import { describeUnconfigured } from '../configuration.ts';
import { describeNotes, describeShapes } from '../describe.ts';
import { listGroups, type TensorGroup } from '../groups.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { counted, type Section } from './sections.ts';
import type { ShortenName } from './short-names.ts';

/** Tensors that could not be compared, each with the reason. */
export function writeFailed({ columns, summary }: Report, shorten: ShortenName, layout: Layout): Section {
  const rows = [...columns.errors.keys()].sort((a, b) => a - b).slice(0, layout.rows);
  return {
    id: 'failed',
    isApart: true,
    head: [layout.paint('bad', `could not be compared: ${formatNoun(summary.failedTensors, 'tensor')}`)],
    items: rows.map((row) => [
      `  x ${fitName(shorten(columns.names[row] ?? ''), layout.width - 4, layout)}`,
      ...wrapWords(escapeTerminal(columns.errors.get(row) ?? ''), layout.width - 6).map((line) => `      ${line}`),
    ]),
    total: summary.failedTensors,
    name: counted('failed', 'failed'),
  };
}

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function writeStructure(report: Report, shorten: ShortenName, layout: Layout): Section[] {
  const { columns } = report;
  const { glyphs } = layout;
  return listGroups(report).map(({ kind, title, rows, total }) => {
    const { sign, tone } = MARKS[kind];
    const items = [...rows.subarray(0, layout.rows)].map((row) => {
      const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
      const dtype = columns.dtypeChanged[row] === 1 ? '' : escapeTerminal(side.dtype[row] ?? '');
      const size = formatBytes(side.sizeBytes[row] ?? null);
      const facts = [describeShapes(columns, row, glyphs), dtype, describeNotes(columns, row, glyphs), size];
      const words = facts.filter((fact) => fact !== '').join(' ');
      const name = fitName(shorten(columns.names[row] ?? ''), layout.width - measureCells(words) - 6, layout);
      return [`  ${layout.paint(tone, glyphs[sign])} ${name}  ${layout.paint('dim', words)}`];
    });
    const head = [layout.paint('strong', `${title}: ${formatNoun(total, 'tensor')}`)];
    return { id: 'structure', isApart: true, head, items, total, name: counted(WORDS[kind], WORDS[kind]) };
  });
}

/** What the tensors of each group are called where they are hidden. */
const WORDS: Readonly<Record<TensorGroup['kind'], string>> = {
  reshaped: 'reshaped',
  added: 'added',
  removed: 'removed',
  converted: 'with another dtype',
  unchanged: 'unchanged',
};

/** How the tensors of each group are marked. */
const MARKS: Readonly<
  Record<TensorGroup['kind'], { readonly sign: 'shape' | 'added' | 'removed' | 'identical'; readonly tone: Tone }>
> = {
  reshaped: { sign: 'shape', tone: 'warn' },
  added: { sign: 'added', tone: 'good' },
  removed: { sign: 'removed', tone: 'bad' },
  converted: { sign: 'shape', tone: 'warn' },
  unchanged: { sign: 'identical', tone: 'dim' },
};

/** Keys of the configuration files that differ. */
export function writeConfiguration({ summary }: Report, layout: Layout): Section[] {
  const changes = summary.configChanges;
  const items = changes.slice(0, layout.rows).map(({ key, old, new: fresh }) => {
    const values = [old, fresh].map((value) => fitName(spellConfigValue(value), Math.floor(layout.width / 4), layout));
    return [`  ${fitName(key, Math.floor(layout.width / 2) - 8, layout)}: ${values.join(` ${layout.glyphs.arrow} `)}`];
  });
  return [
    {
      id: 'configuration',
      isApart: true,
      head: [layout.paint('strong', `configuration: ${formatCount(changes.length)} changed`)],
      items,
      total: changes.length,
      name: counted('configuration key'),
    },
    {
      id: 'unconfigured',
      isApart: true,
      items: summary.unconfigured.map((side) => [layout.paint('dim', `configuration: ${describeUnconfigured(side)}`)]),
      name: () => 'a note on the configuration',
    },
  ];
}
