import { measureCells } from '../../wording/width.ts';
import { stripColors } from './count-lines.ts';

/** Joins parts into as few lines as hold them. Colours take no cells. */
export function joinParts(parts: readonly string[], separator: string, cells: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    const joined = line === '' ? part : line + separator + part;
    if (line !== '' && measureCells(stripColors(joined)) > cells) {
      lines.push(line);
      line = part;
    } else {
      line = joined;
    }
  }
  return line === '' ? lines : [...lines, line];
}
