/** What maps are drawn with: the kinds of cells, their patterns, the legend, and paths of modules. */
import { quoteBlank } from '../../../wording/escape.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { html, type Markup } from './markup.ts';
import { type Ramp, RATIO_STEPS, STEPS } from './ramp.ts';

/** A longer path is shortened in the middle. */
export const LONGEST_PATH = 26;

/** The parents of a module softer than its own name. */
export function drawPath(path: string): Markup {
  const cut = path.lastIndexOf('.') + 1;
  const own = truncateMiddle(quoteBlank(path.slice(cut)), LONGEST_PATH);
  return html`<span class="dim">${cut === 0 ? '' : truncateMiddle(path.slice(0, cut), Math.max(1, LONGEST_PATH - own.length))}</span>${own}`;
}

/** What fills cells that have no colour. Classes give the strokes theirs. */
export function drawPatterns(id: string): Markup {
  return html`<pattern id="${id}-same" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2" height="5"/></pattern><pattern id="${id}-dots" width="5" height="5" patternUnits="userSpaceOnUse"><circle class="dot" cx="2.5" cy="2.5" r="1.1"/></pattern>`;
}

/** A cell: the class of its colour, or of what it is instead. @param id of the picture that has the patterns */
export function drawRect(kind: string, id: string, place: Markup, inside: Markup | null): Markup {
  const fill = kind === 'same' ? html` fill="url(#${id}-same)"` : kind === 'dots' ? html` fill="url(#${id}-dots)"` : null;
  return html`<rect class="cell ${kind}"${fill} ${place} rx="2">${inside}</rect>`;
}

/** The colours of a ramp between its ends; null where there is none. */
export function drawScale(
  ramp: Ramp | null,
  measure: { readonly isRatio?: true; readonly format: (value: number) => string },
): Markup | null {
  if (ramp === null) return null;
  const [letter, count] = measure.isRatio === true ? ['d', RATIO_STEPS] : ['c', STEPS];
  const steps = Array.from(
    { length: count },
    (_, at) => html`<rect class="cell ${letter}${at}" x="${at * 16}" width="16" height="10"/>`,
  );
  return html`<span class="scale">${ramp.isOpen ? '≤ ' : ''}${measure.format(ramp.low)} <svg width="${count * 16}" height="10" aria-hidden="true">${steps}</svg> ${measure.format(ramp.high)}</span>`;
}

/** What cells are that have no colour. @param kinds those that there are */
export function drawKinds(
  words: readonly (readonly [kind: string, words: string])[],
  kinds: ReadonlySet<string>,
  id: string,
): Markup[] {
  return words
    .filter(([kind]) => kinds.has(kind))
    .map(
      ([kind, text]) =>
        html`<span><svg width="14" height="14" aria-hidden="true">${drawRect(kind, id, html`width="14" height="14"`, null)}</svg> ${text}</span>`,
    );
}
