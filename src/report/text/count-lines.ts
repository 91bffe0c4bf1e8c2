import type { Layout } from './layout.ts';
import { measureCells } from '../../wording/width.ts';

/** Lines that the finished lines of a report take on its terminal. */
export function countOnScreen(lines: readonly string[], { columns, spell }: Pick<Layout, 'columns' | 'spell'>): number {
  return countLines(lines.map(spell), columns);
}

/** Lines of a terminal of so many columns that finished lines take: a long one breaks. */
export function countLines(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(measureCells(stripColors(line)) / columns)), 0);
}

/** A line without the sequences that paint.ts writes. */
export function stripColors(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are control characters
  return text.replace(/\u001b\[\d+m/g, '');
}
