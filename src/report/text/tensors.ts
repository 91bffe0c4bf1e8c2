import type { TensorColumns } from '../../comparison/columns.ts';
import { describeNotes, describeRow, describeShapes, findTop } from '../describe.ts';
import { escapeTerminal, quoteBlank } from '../../wording/escape.ts';
import { formatExponent, formatRest } from '../../wording/numbers.ts';
import { rankModified } from '../rank.ts';
import type { Report } from '../report.ts';
import { drawBar } from './glyphs.ts';
import { fitName, type Layout } from './layout.ts';
import { measureCells, padCells } from '../../wording/width.ts';

/** The modified tensors, most changed first. */
export function writeModified(report: Report, layout: Layout): string[] {
  const { columns, summary } = report;
  const shown = rankModified(columns, layout.rows);
  const rest = summary.modifiedTensors - shown.length;
  const barCells = layout.width < 90 ? 4 : 8;
  const lines: string[] = [];
  if (shown.length > 0) {
    lines.push(
      layout.paint(
        'dim',
        ` ${'relative'.padStart(8)} ${' '.repeat(barCells)} ${'cosine'.padStart(9)} ${'changed'.padStart(8)}   tensor`,
      ),
    );
  }
  const top = findTop(columns, shown);
  for (const row of shown) {
    const words = describeRow(columns, row, top, formatExponent);
    const bar = layout.paint('accent', padCells(drawBar(words.share, barCells, layout.glyphs), barCells));
    const numbers = ` ${words.relative.padStart(8)} ${bar} ${words.cosine.padStart(9)} ${words.changed.padStart(8)} ${layout.glyphs.modified} `;
    lines.push(`${numbers}${writeNameAndNotes(columns, row, layout.width - barCells - 32, layout)}`);
  }
  if (rest > 0) lines.push(`  ${formatRest(rest, 'modified tensor')}${layout.moreHint}`);
  return lines.length === 0 ? [] : ['', ...lines];
}

/** The name matters more than the shape: where both do not fit, the shape is left out. */
function writeNameAndNotes(columns: TensorColumns, row: number, cells: number, layout: Layout): string {
  const name = columns.names[row] ?? '';
  const shape = describeShapes(columns, row, layout.glyphs);
  const others = describeNotes(columns, row, layout.glyphs);
  const full = [shape, others].filter((note) => note !== '').join(' ');
  const fits = fitName(name, cells - measureCells(full) - 2, layout);
  const notes = !layout.onTerminal || fits === escapeTerminal(quoteBlank(name)) ? full : others;
  return `${fitName(name, cells - (notes === '' ? 0 : measureCells(notes) + 2), layout)}  ${layout.paint('dim', notes)}`;
}
