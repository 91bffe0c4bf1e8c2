import { findLargest } from '../../wording/numbers.ts';

/** The signs of the text report: Unicode, or ASCII for terminals and screen readers that have nothing else. */
export interface Glyphs {
  readonly modified: string;
  readonly identical: string;
  readonly within: string;
  readonly added: string;
  readonly removed: string;
  readonly shape: string;
  readonly nonfinite: string;
  readonly times: string;
  readonly arrow: string;
  readonly ellipsis: string;
  readonly separator: string;
  /** Mark of a zero in a profile. */
  readonly none: string;
  /** Marks of growing height, for a profile. */
  readonly steps: readonly string[];
  /** Parts of a cell, from the smallest to the full one, for a bar. */
  readonly parts: readonly string[];
}

export const UNICODE_GLYPHS: Glyphs = {
  modified: '~',
  identical: '=',
  within: '≈',
  added: '+',
  removed: '-',
  shape: '!',
  nonfinite: '∅',
  times: '×',
  arrow: '→',
  ellipsis: '…',
  separator: '·',
  none: '·',
  steps: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  parts: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
};

export const ASCII_GLYPHS: Glyphs = {
  modified: '~',
  identical: '=',
  within: '~=',
  added: '+',
  removed: '-',
  shape: '!',
  nonfinite: '*',
  times: 'x',
  arrow: '->',
  ellipsis: '...',
  separator: '|',
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

/** One mark a value, the highest for the largest, an own one for 0. At most `width` marks: neighbours share the larger one. */
export function drawProfile(values: readonly number[], width: number, glyphs: Glyphs): string {
  const cells = Math.max(1, Math.min(width, values.length));
  const heights = Array.from({ length: cells }, (_, cell) => {
    const from = Math.floor((cell * values.length) / cells);
    const to = Math.max(from + 1, Math.floor(((cell + 1) * values.length) / cells));
    return findLargest(values.slice(from, to));
  });
  const top = findLargest(heights);
  const mark = (height: number): string =>
    glyphs.steps[Math.min(glyphs.steps.length, Math.ceil((height / top) * glyphs.steps.length)) - 1] ?? glyphs.none;
  return heights.map((height) => (height > 0 ? mark(height) : glyphs.none)).join('');
}
