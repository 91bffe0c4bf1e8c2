import { findLargest } from '../../wording/numbers.ts';

/** The signs of the text report: Unicode, or ASCII for terminals and screen readers that have nothing else. */
export interface Glyphs {
  readonly identical: string;
  readonly added: string;
  readonly removed: string;
  readonly shape: string;
  readonly nonfinite: string;
  readonly times: string;
  readonly arrow: string;
  readonly ellipsis: string;
  readonly oneMinusCos: string;
  /** Before the least that a number can be. */
  readonly atLeast: string;
  /** Mark of a zero in a profile. */
  readonly none: string;
  /** Marks of growing height, for a profile. */
  readonly steps: readonly string[];
  /** Parts of a cell, from the smallest to the full one, for a bar. */
  readonly parts: readonly string[];
}

export const UNICODE_GLYPHS: Glyphs = {
  identical: '=',
  added: '+',
  removed: '-',
  shape: '!',
  nonfinite: '∅',
  times: '×',
  arrow: '→',
  ellipsis: '…',
  oneMinusCos: '1−cos',
  atLeast: '≥',
  none: '·',
  steps: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  parts: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
};

export const ASCII_GLYPHS: Glyphs = {
  identical: '=',
  added: '+',
  removed: '-',
  shape: '!',
  nonfinite: '*',
  times: 'x',
  arrow: '->',
  ellipsis: '...',
  oneMinusCos: '1-cos',
  atLeast: '>=',
  none: '0',
  steps: ['1', '2', '3', '4', '5', '6', '7', '8'],
  parts: ['#'],
};

/** A bar of at most `width` cells for a share of 0 to 1; anything above 0 shows. */
export function drawBar(share: number, width: number, glyphs: Glyphs): string {
  const steps = glyphs.parts.length;
  const filled = share > 0 ? Math.max(1, Math.round(Math.min(share, 1) * width * steps)) : 0;
  const whole = (glyphs.parts.at(-1) ?? '').repeat(Math.floor(filled / steps));
  const rest = filled % steps;
  return rest === 0 ? whole : whole + (glyphs.parts[rest - 1] ?? '');
}

/** One mark a value, the highest for the largest, an own one for 0. */
export function drawHeights(values: readonly number[], glyphs: Glyphs): string[] {
  const top = findLargest(values);
  const mark = (height: number): string =>
    glyphs.steps[Math.min(glyphs.steps.length, Math.ceil((height / top) * glyphs.steps.length)) - 1] ?? glyphs.none;
  return values.map((height) => (height > 0 ? mark(height) : glyphs.none));
}

/** The marks of values in bins of equal size, the largest value of each. */
export function drawProfile(values: readonly number[], size: number, glyphs: Glyphs): string {
  const bins = Array.from({ length: Math.ceil(values.length / size) }, (_, bin) =>
    findLargest(values.slice(bin * size, (bin + 1) * size)),
  );
  return drawHeights(bins, glyphs).join('');
}
