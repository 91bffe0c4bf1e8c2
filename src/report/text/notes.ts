import type { TensorColumns } from '../../comparison/columns.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatCount, formatShape } from '../../wording/numbers.ts';
import type { Glyphs } from './glyphs.ts';

/** What else there is to say of a row: a changed dtype, NaN and Inf. */
export function describeNotes(columns: TensorColumns, row: number, glyphs: Pick<Glyphs, 'times' | 'arrow'>): string {
  const notes: string[] = [];
  if (columns.dtypeChanged[row] === 1) {
    notes.push(`${escapeTerminal(columns.old.dtype[row] ?? '')}${glyphs.arrow}${escapeTerminal(columns.new.dtype[row] ?? '')}`);
  }
  for (const [word, kind] of [
    ['NaN', 'nan'],
    ['Inf', 'inf'],
  ] as const) {
    const before = columns.old[kind][row] ?? Number.NaN;
    const after = columns.new[kind][row] ?? Number.NaN;
    if (before > 0 || after > 0) notes.push(`${word} ${formatCount(before)}${glyphs.arrow}${formatCount(after)}`);
  }
  return notes.join(' ');
}

/** `[32×64]`, or both shapes where they differ. */
export function describeShapes(columns: TensorColumns, row: number, { times, arrow }: Pick<Glyphs, 'times' | 'arrow'>): string {
  const sides = (['old', 'new'] as const).filter((side) => columns[side].dtype[row] !== '');
  const shapes = sides.map((side) => formatShape(columns[side].shape[row] ?? [], times));
  return shapes[0] === shapes[1] || shapes.length === 1 ? (shapes[0] ?? '') : shapes.join(arrow);
}
