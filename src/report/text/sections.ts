import { findLargest, formatCount } from '../../wording/numbers.ts';
import { wrapWords } from '../../wording/width.ts';
import type { Layout } from './layout.ts';
import { countOnScreen } from './count-lines.ts';

/** A part of a text report that can be shown in full, in part or not at all. */
export interface Section {
  /** Names it in the order in which sections get room. */
  readonly id: string;
  /** Whether a blank line stands above. @default false */
  readonly isApart?: boolean;
  /** Lines above its items. */
  readonly head?: readonly string[];
  /** What it lists, the most important first; each is one or more lines. */
  readonly items: readonly (readonly string[])[];
  /** What there is to add below each item once all items are shown. */
  readonly details?: readonly (readonly string[])[];
  /** Items that are so grave that they come before nearly everything else. @default 0 */
  readonly grave?: number;
  /** Members of the list in all, where `items` are only the first of them. @default items.length */
  readonly total?: number;
  /** Whether both ends are shown where not all items fit. @default false */
  readonly keepsEnds?: boolean;
  /** What so many hidden items are called, as `3 insights`. */
  readonly name: (hidden: number) => string;
  /** Whether the rest of this list needs no name where nothing else is hidden. @default false */
  readonly isMain?: boolean;
}

/** One step in handing out the lines of a screen: a section may grow to so many items. */
export type Grant = readonly [id: string, items: number | 'grave' | 'items' | 'all'];

/** A name for hidden items that are counted. */
export function counted(noun: string, plural: string = `${noun}s`): (hidden: number) => string {
  return (hidden) => `${formatCount(hidden)} ${hidden === 1 ? noun : plural}`;
}

/**
 * The report: `top`, which is always there, then as much of each section as the height allows, and at the end what is not shown.
 * @param order what gets room first
 */
export function arrange(top: readonly string[], sections: readonly Section[], order: readonly Grant[], layout: Layout): string[] {
  const room = layout.height - countOnScreen(top, layout);
  for (let reserved = 0; ; reserved += 1) {
    const amounts = handOut(sections, order, room - reserved, layout);
    const hidden = describeHidden(sections, amounts, layout);
    if (reserved < MOST_RESERVED && countOnScreen(hidden, layout) > reserved) continue;
    return [...top, ...sections.flatMap((section, at) => write(section, amounts[at] ?? 0, layout)), ...hidden];
  }
}

/** Lines that are kept for what is not shown, at most, however narrow the terminal. */
const MOST_RESERVED = 6;

/** How far each section grows: by the order, as long as there is room. What is too long for the rest leaves it to what comes after. */
function handOut(sections: readonly Section[], order: readonly Grant[], room: number, layout: Layout): number[] {
  if (room === Number.POSITIVE_INFINITY) return sections.map(countParts);
  const amounts = sections.map(() => 0);
  let left = room;
  for (const [id, wanted] of order) {
    for (const [at, section] of sections.entries()) {
      if (section.id !== id) continue;
      const most = readWanted(section, wanted);
      for (let amount = amounts[at] ?? 0; amount < most; amount += 1) {
        const needed = measurePart(section, amount, layout);
        if (needed > left) break;
        left -= needed;
        amounts[at] = amount + 1;
      }
    }
  }
  return amounts;
}

function countParts({ items, details = [] }: Section): number {
  return items.length + details.length;
}

function readWanted(section: Section, wanted: Grant[1]): number {
  if (wanted === 'grave') return section.grave ?? 0;
  if (wanted === 'items') return section.items.length;
  return Math.min(countParts(section), wanted === 'all' ? Number.POSITIVE_INFINITY : wanted);
}

/** Lines that the next item, or the next detail, takes. */
function measurePart(
  { head = [], items, details = [], isApart = false, keepsEnds = false }: Section,
  at: number,
  layout: Layout,
): number {
  const start = at > 0 ? 0 : countOnScreen(head, layout) + (isApart ? 1 : 0) + (keepsEnds ? 1 : 0);
  return start + countOnScreen(items[at] ?? details[at - items.length] ?? [], layout);
}

function write(section: Section, amount: number, { glyphs }: Layout): string[] {
  const { head = [], items, details = [], isApart = false, keepsEnds = false } = section;
  if (amount === 0) return [];
  const detailed = amount - items.length;
  const tail = keepsEnds && amount < items.length ? Math.floor(amount / 2) : 0;
  const shown = items.slice(0, amount - tail).map((item, at) => (at < detailed ? [...item, ...(details[at] ?? [])] : item));
  const ends = tail > 0 ? [[glyphs.ellipsis], ...items.slice(items.length - tail)] : [];
  return [...(isApart ? [''] : []), ...head, ...shown.flat(), ...ends.flat()];
}

/** What is not shown, and what would show it. */
function describeHidden(sections: readonly Section[], amounts: readonly number[], layout: Layout): string[] {
  const parts = sections.flatMap((section, at) => {
    const { items, details = [], total = items.length, name, isMain = false } = section;
    const hidden = total - Math.min(amounts[at] ?? 0, items.length);
    if (hidden > 0) return [{ words: name(hidden), isMain, hidden }];
    const untold = details.slice(Math.max(0, (amounts[at] ?? 0) - items.length)).filter((lines) => lines.length > 0).length;
    return untold > 0 ? [{ words: `details of ${name(untold)}`, isMain: false, hidden }] : [];
  });
  const [first, ...others] = [...parts.filter(({ isMain }) => isMain), ...parts.filter(({ isMain }) => !isMain)];
  if (first === undefined) return [];
  const isAlone = others.length === 0 && first.isMain;
  const names = [first, ...others].map(({ words }) => words).join(', ');
  const what = isAlone ? `${formatCount(first.hidden)} more` : `not shown: ${names}`;
  const how = layout.more(findLargest(sections.map(({ items, total = items.length }) => total)));
  const line = how === '' ? what : `${what}${isAlone ? ':' : ';'} ${how}`;
  return (layout.onTerminal ? wrapWords(line, layout.width) : [line]).map((text) => layout.paint('dim', text));
}
