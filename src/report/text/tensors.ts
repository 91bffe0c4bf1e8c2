import { hasFinitePair, leastChangeAt, type TensorColumns } from '../../comparison/columns.ts';
import { findLargest, formatEvenPercent, formatNoun, formatOneMinusCos, MISSING } from '../../wording/numbers.ts';
import { measureCells, padCells } from '../../wording/width.ts';
import { describeNonfinite, describeNotes, describeShapes, findTop } from '../describe.ts';
import { listFromZero, rankModified } from '../rank.ts';
import type { Report } from '../report.ts';
import { drawBar } from './glyphs.ts';
import { fitName, type Layout, measureNames } from './layout.ts';
import { counted, type Section } from './sections.ts';
import type { ShortenName } from './short-names.ts';

const BAR_CELLS = 8;
/** Cells of what stands behind the names: change, bar, 1−cos, elements. */
const NUMBER_CELLS = 9 + 1 + BAR_CELLS + 9 + 10;
const TITLE = 'most changed';

/** The modified tensors, most changed first; those that come from zero have no relative size and are a list of their own. */
export function writeModified(report: Report, shorten: ShortenName, layout: Layout): Section[] {
  const { columns, summary } = report;
  // Where every tensor has the same dtypes the header tells them.
  const describe = report.old.dtypes.length === 1 && report.new.dtypes.length === 1 ? describeNonfinite : describeNotes;
  const fromZero = listFromZero(columns);
  const isApart = new Set(fromZero);
  const ranked = rankModified(columns, layout.rows, (row) => !isApart.has(row));
  const notes = ranked.map((row) => writeNotes(columns, row, describe, layout));
  const noteCells = findLargest(notes.map((note) => measureCells(note)));
  const room = layout.width - NUMBER_CELLS - (layout.onTerminal && noteCells > 0 ? noteCells + 2 : 0);
  const names = ranked.map((row) => fitName(shorten(columns.names[row] ?? ''), room, layout));
  const cells = measureNames(names, TITLE);
  const top = findTop(columns, ranked);
  const head = `${padCells(TITLE, cells)}${'change'.padStart(9)}${' '.repeat(BAR_CELLS + 1)}${layout.glyphs.oneMinusCos.padStart(9)}${'elements'.padStart(10)}`;
  const items = ranked.map((row, at) => {
    const words = describeNumbers(columns, row, top, layout);
    return [`${padCells(names[at] ?? '', cells)}${words}${notes[at] === '' ? '' : `  ${layout.paint('dim', notes[at] ?? '')}`}`];
  });
  return [
    {
      id: 'changed',
      isApart: true,
      head: [layout.paint('dim', head)],
      items,
      total: summary.modifiedTensors - fromZero.length,
      name: counted('changed', 'changed'),
      isMain: true,
    },
    writeFromZero(columns, fromZero, shorten, layout),
  ];
}

function describeNumbers(columns: TensorColumns, row: number, top: number, layout: Layout): string {
  const isFinite = hasFinitePair(columns, row);
  const change = isFinite ? (columns.relativeChange[row] ?? null) : null;
  const share = change !== null && top > 0 && Number.isFinite(change) ? change / top : 0;
  const bar = layout.paint('accent', padCells(drawBar(share, BAR_CELLS, layout.glyphs), BAR_CELLS));
  const angle = isFinite ? formatOneMinusCos(columns.oneMinusCos[row] ?? null) : MISSING;
  return `${formatSize(change, leastChangeAt(columns, row), layout).padStart(9)} ${bar}${angle.padStart(9)}${describeShare(columns, row).padStart(10)}`;
}

/** `1.2%`; `≥1.2%` where only the least is known. */
function formatSize(change: number | null, least: number, { glyphs }: Layout): string {
  return least > 0 ? `${glyphs.atLeast}${formatEvenPercent(least)}` : formatEvenPercent(change);
}

/** Share of the elements that changed. */
function describeShare({ changedElements, totalElements }: TensorColumns, row: number): string {
  const [changed, total] = [changedElements[row] ?? Number.NaN, totalElements[row] ?? Number.NaN];
  return formatEvenPercent(total === 0 && changed === 0 ? 0 : changed / total);
}

/** NaN, Inf and another dtype; off a terminal the shape too. */
function writeNotes(columns: TensorColumns, row: number, describe: typeof describeNotes, layout: Layout): string {
  const shape = layout.onTerminal ? '' : describeShapes(columns, row, layout.glyphs);
  return [shape, describe(columns, row, layout.glyphs)].filter((note) => note !== '').join(' ');
}

/** Tensors that were all zeros before. */
function writeFromZero(columns: TensorColumns, rows: readonly number[], shorten: ShortenName, layout: Layout): Section {
  return {
    id: 'from-zero',
    isApart: true,
    head: [layout.paint('strong', `from zero: ${formatNoun(rows.length, 'tensor')}`)],
    items: rows.slice(0, layout.rows).map((row) => {
      const notes = [describeShapes(columns, row, layout.glyphs), describeNotes(columns, row, layout.glyphs)].filter(
        (note) => note !== '',
      );
      const words = [...notes, `${describeShare(columns, row)} of its elements`].join('  ');
      const name = fitName(shorten(columns.names[row] ?? ''), layout.width - measureCells(words) - 4, layout);
      return [`  ${name}  ${layout.paint('dim', words)}`];
    }),
    total: rows.length,
    name: counted('from zero', 'from zero'),
  };
}
