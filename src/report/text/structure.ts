import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatCount, formatNoun, formatRest } from '../../wording/numbers.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import { describeUnconfigured } from '../configuration.ts';
import { describeNotes, describeShapes } from '../describe.ts';
import { listGroups, type TensorGroup } from '../groups.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { measureCells } from '../../wording/width.ts';

/** Tensors that could not be compared, each with the reason. */
export function writeFailed({ columns, summary }: Report, layout: Layout): string[] {
  const rows = [...columns.errors.keys()].sort((a, b) => a - b);
  if (rows.length === 0 && summary.failedTensors === 0) return [];
  const lines = ['', layout.paint('bad', `could not be compared: ${formatNoun(summary.failedTensors, 'tensor')}`)];
  for (const row of rows.slice(0, layout.rows)) {
    const name = fitName(columns.names[row] ?? '', layout.width - 4, layout);
    lines.push(`  x ${name}`, `      ${escapeTerminal(columns.errors.get(row) ?? '')}`);
  }
  return [...lines, ...writeRest(summary.failedTensors - Math.min(rows.length, layout.rows), 'failed tensor', layout)];
}

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function writeStructure(report: Report, layout: Layout): string[] {
  const { columns } = report;
  const { glyphs } = layout;
  return listGroups(report).flatMap(({ kind, title, noun, rows, total }) => {
    const { sign, tone } = MARKS[kind];
    const lines = ['', layout.paint('strong', `${title}: ${formatNoun(total, 'tensor')}`)];
    for (const row of rows.subarray(0, layout.rows)) {
      const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
      const dtype = columns.dtypeChanged[row] === 1 ? '' : escapeTerminal(side.dtype[row] ?? '');
      const facts = [
        describeShapes(columns, row, glyphs),
        dtype,
        describeNotes(columns, row, glyphs),
        formatBytes(side.sizeBytes[row] ?? null),
      ];
      const words = facts.filter((fact) => fact !== '').join(' ');
      const name = fitName(columns.names[row] ?? '', layout.width - measureCells(words) - 6, layout);
      lines.push(`  ${layout.paint(tone, glyphs[sign])} ${name}  ${layout.paint('dim', words)}`);
    }
    return [...lines, ...writeRest(total - Math.min(rows.length, layout.rows), noun, layout)];
  });
}

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
export function writeConfiguration({ summary }: Report, layout: Layout): string[] {
  const changes = summary.configChanges;
  const notes = summary.unconfigured.map((side) => layout.paint('dim', `configuration: ${describeUnconfigured(side)}`));
  if (changes.length === 0) return notes.length === 0 ? [] : ['', ...notes];
  const lines = ['', layout.paint('strong', `configuration: ${formatCount(changes.length)} changed`)];
  for (const change of changes.slice(0, layout.rows)) {
    const values = [change.old, change.new].map((value) =>
      fitName(spellConfigValue(value), Math.floor(layout.width / 4), layout),
    );
    lines.push(`  ${fitName(change.key, Math.floor(layout.width / 2), layout)}: ${values.join(` ${layout.glyphs.arrow} `)}`);
  }
  return [...lines, ...writeRest(changes.length - layout.rows, 'changed key', layout)];
}

function writeRest(rest: number, noun: string, layout: Layout): string[] {
  return rest > 0 ? [`  ${formatRest(rest, noun)}${layout.moreHint}`] : [];
}
