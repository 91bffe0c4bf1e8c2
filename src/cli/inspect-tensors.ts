import type { TensorInfo } from '../checkpoint/types.ts';
import { fitName, type Layout } from '../report/text/layout.ts';
import { measureCells, padCells, truncateMiddle } from '../report/text/width.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { formatCount, formatExponent, formatPercent, formatRest, formatShape } from '../wording/numbers.ts';
import type { InspectView } from './inspect-view.ts';

/** The table of tensors, with the statistics where they are known. */
export function writeTensors(infos: readonly TensorInfo[], layout: Layout, view: InspectView): string[] {
  const shown = infos.slice(0, view.rows);
  const cells = shown.map((info) => listCells(info, layout, view.stats));
  const heads = [...HEADS, ...(view.stats ? STATISTICS_HEADS : [])];
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((row) => measureCells(row[column] ?? ''))));
  // Where a terminal is too narrow for the table, lines break; a name of a few letters would tell nothing.
  const room = Math.max(SHORTEST_NAME, layout.width - widths.reduce((sum, width) => sum + width + 2, 1));
  const names = shown.map((info) => fitName(info.name, room, layout));
  const nameWidth = Math.min(WIDEST_NAME, Math.max(6, ...names.map((name) => measureCells(name))));
  const join = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 1
          ? padCells(cell, widths[column] ?? 0)
          : ' '.repeat(Math.max(0, (widths[column] ?? 0) - measureCells(cell))) + cell,
      )
      .join('  ');
  const lines = shown.length === 0 ? [] : [layout.paint('dim', ` ${padCells('tensor', nameWidth)}  ${join(heads)}`)];
  for (const [index, info] of shown.entries()) {
    lines.push(` ${padCells(names[index] ?? '', nameWidth)}  ${join(cells[index] ?? [])}`);
    if (info.error !== null && info.error !== undefined) lines.push(`   ${layout.paint('bad', escapeTerminal(info.error))}`);
  }
  const rest = formatRest(infos.length - shown.length, 'tensor');
  return rest === '' ? lines : [...lines, ` ${rest}${layout.moreHint}`];
}

/** Cells of a shortened name at least, and that names are filled up to at most. */
const SHORTEST_NAME = 24;
const WIDEST_NAME = 120;
/** Cells of a dtype or a shape at most; both come from the file. */
const WIDEST_CELL = 40;

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
