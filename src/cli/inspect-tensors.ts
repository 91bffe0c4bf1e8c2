import type { TensorInfo } from '../checkpoint/types.ts';
import { fitName, type Layout, measureNames } from '../report/text/layout.ts';
import { counted, type Section } from '../report/text/sections.ts';
import { shortenNames } from '../report/text/short-names.ts';
import { measureCells, padCells, padLeft, truncateMiddle, wrapWords } from '../wording/width.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { findLargest, formatCount, formatExponent, formatPercent, formatShape } from '../wording/numbers.ts';

/** The table of tensors, with the statistics where they are known. */
export function writeTensors(infos: readonly TensorInfo[], layout: Layout, stats: boolean): Section {
  const shorten = shortenNames(
    infos.map(({ name }) => name),
    layout,
  );
  const shown = infos.slice(0, layout.rows);
  const cells = shown.map((info) => listCells(info, layout, stats));
  const heads = [...HEADS, ...(stats ? STATISTICS_HEADS : [])];
  const widths = heads.map((head, column) =>
    Math.max(head.length, findLargest(cells.map((row) => measureCells(row[column] ?? '')))),
  );
  // Where a terminal is too narrow for the table, lines break; a name of a few letters would tell nothing.
  const room = Math.max(SHORTEST_NAME, layout.width - widths.reduce((sum, width) => sum + width + 2, 0));
  const names = shown.map((info) => fitName(shorten(info.name), room, layout));
  const nameWidth = measureNames(names, TITLE);
  const join = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 1 ? padCells(cell, widths[column] ?? 0) : padLeft(cell, widths[column] ?? 0)))
      .join('  ');
  const items = shown.map((info, index) => [
    `${padCells(names[index] ?? '', nameWidth)}  ${join(cells[index] ?? [])}`,
    ...(info.error === null || info.error === undefined
      ? []
      : wrapWords(escapeTerminal(info.error), layout.width - 2).map((line) => `  ${layout.paint('bad', line)}`)),
  ]);
  return {
    id: 'tensors',
    isApart: true,
    head: [layout.paint('dim', `${padCells(TITLE, nameWidth)}  ${join(heads)}`)],
    items,
    total: infos.length,
    name: counted('tensor'),
    isMain: true,
  };
}

/** Cells of a shortened name at least. */
const SHORTEST_NAME = 24;
/** Cells of a dtype or a shape at most; both come from the file. */
const WIDEST_CELL = 40;

const TITLE = 'tensor';
const HEADS = ['dtype', 'shape', 'elements', 'bytes'];
const STATISTICS_HEADS = ['mean', 'std', 'min', 'max', 'zeros', 'NaN', 'Inf'];

function listCells(info: TensorInfo, layout: Layout, stats: boolean): string[] {
  const cells = [
    ...[escapeTerminal(info.dtype), formatShape(info.shape, layout.glyphs.times)].map((cell) =>
      truncateMiddle(cell, WIDEST_CELL, layout.glyphs.ellipsis),
    ),
    formatCount(info.numElements),
    formatCount(info.sizeBytes),
  ];
  if (!stats) return cells;
  const { mean, std, min, max, sparsity, nanCount, infCount } = info;
  return [
    ...cells,
    ...[mean, std, min, max].map((value) => formatExponent(value)),
    formatPercent(sparsity, 3),
    formatCount(nanCount),
    formatCount(infCount),
  ];
}
