import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import type { ComparedSide } from '../../comparison/side.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';
import { measureCells, padCells } from '../../wording/width.ts';

/** One line for each checkpoint: name, tensors, parameters, bytes, dtypes. */
export function writeHeader(report: Report, layout: Layout): string[] {
  const sides = [describeSide(report.old), describeSide(report.new)];
  const widths = sides[0]?.map((_, column) => Math.max(...sides.map((cells) => measureCells(cells[column] ?? '')))) ?? [];
  const facts = sides.map((cells) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
  const room = layout.width - 5 - 2 - Math.max(...facts.map((fact) => measureCells(fact)));
  const names = [report.oldName, report.newName].map((name) => fitName(name, room, layout));
  const nameWidth = Math.min(Math.max(...names.map((name) => measureCells(name))), Math.max(room, 8));
  return ['old', 'new'].map((label, side) => {
    const name = padCells(names[side] ?? '', nameWidth);
    return `${layout.paint('dim', label)}  ${layout.paint('strong', name)}  ${(facts[side] ?? '').trimEnd()}`;
  });
}

function describeSide(side: ComparedSide): string[] {
  return [
    formatNoun(side.tensors, 'tensor'),
    formatNoun(side.elements, 'parameter'),
    formatBytes(side.bytes),
    describeDtypes(side),
  ];
}

function describeDtypes(side: ComparedSide): string {
  const named = side.dtypes.slice(0, 3).map(([dtype]) => dtype);
  return side.dtypes.length > named.length ? `${named.join(', ')}, …` : named.join(', ');
}
