import { escapeTerminal } from '../../wording/escape.ts';
import { formatCount, formatEvenPercent } from '../../wording/numbers.ts';
import { measureCells, truncateMiddle } from '../../wording/width.ts';
import { listModules, type ModuleChange } from '../modules.ts';
import type { Report } from '../report.ts';
import { joinParts } from './join-parts.ts';
import { label, LABEL_CELLS } from './label.ts';
import type { Layout } from './layout.ts';
import type { Section } from './sections.ts';

/** Modules off a terminal, where lines are not counted. */
const MOST = 40;

/**
 * Change by module, the largest first: on a terminal one line, `module    o_proj 6.7%  down_proj 6.4% …  norm 0.61%   2 identical`,
 * elsewhere as many as it takes.
 */
export function writeModules({ columns }: Report, layout: Layout): Section {
  const modules = listModules(columns);
  const changed = modules.filter(({ isIdentical }) => !isIdentical);
  if (!changed.some(({ change }) => (change ?? 0) > 0)) return { id: 'modules', items: [], name: () => 'modules' };
  const still = modules.length - changed.length;
  const words = changed.map((one) => describeModule(one, layout));
  const end = still === 0 ? '' : ` ${GAP}${formatCount(still)} identical`;
  const cells = layout.width - LABEL_CELLS;
  const lines = joinParts(shorten(words, MOST, layout), GAP, cells);
  const isWhole = !layout.onTerminal || (lines.length === 1 && measureCells((lines[0] ?? '') + end) <= cells);
  const shown = isWhole ? lines : [fitLine(words, cells - measureCells(end), layout)];
  const item = shown.map((line, at) => label(at === 0 ? 'module' : '', at === shown.length - 1 ? line + end : line, layout));
  return { id: 'modules', items: [item], name: () => 'modules' };
}

const GAP = '  ';

function describeModule({ name, change }: ModuleChange, { glyphs, spell }: Layout): string {
  return `${truncateMiddle(spell(escapeTerminal(name)), 24, glyphs.ellipsis)} ${formatEvenPercent(change)}`;
}

/** So many of the words; of what does not fit the last one, so that the range can be seen. */
function shorten(words: readonly string[], count: number, { glyphs }: Layout): string[] {
  if (words.length <= count) return [...words];
  const shown = words.slice(0, Math.max(1, count - 1));
  return [...shown.slice(0, -1), `${shown.at(-1) ?? ''} ${glyphs.ellipsis}`, ...(count > 1 ? [words.at(-1) ?? ''] : [])];
}

/** As many as fit on one line. */
function fitLine(words: readonly string[], cells: number, layout: Layout): string {
  for (let count = Math.min(words.length, MOST); count > 1; count -= 1) {
    const line = shorten(words, count, layout).join(GAP);
    if (measureCells(line) <= cells) return line;
  }
  return shorten(words, 1, layout).join(GAP);
}
