import type { Layout } from './layout.ts';

/** Cells of the label of a line, with the gap behind it. */
export const LABEL_CELLS = 10;

/** A line with its label, or below the one that has it. */
export function label(name: string, text: string, layout: Layout): string {
  return `${layout.paint('dim', name.padEnd(LABEL_CELLS))}${text}`;
}
