import { TENSOR_COLUMNS } from '../../series/tensor-columns.ts';
import type { SeriesResult } from '../../series/types.ts';
import { escapeCsv } from '../../wording/escape.ts';
import { toSnakeCase } from '../../wording/snake-case.ts';

/** Every tensor of every step, one a row (RFC 4180). Numbers in full; an empty cell where there is none. */
export function* writeSeriesCsv({ checkpoints, steps, tensors }: SeriesResult): Generator<string> {
  yield `${['step', 'checkpoint', 'name', ...TENSOR_COLUMNS.map(toSnakeCase), 'identical'].join(',')}\r\n`;
  const names = tensors.names.map(escapeCsv);
  for (const { step } of steps) {
    const checkpoint = escapeCsv(checkpoints[step]?.name ?? '');
    for (const [tensor, name] of names.entries()) {
      const at = tensor * steps.length + step - 1;
      const numbers = TENSOR_COLUMNS.map((column) => writeNumber(tensors[column][at] ?? Number.NaN));
      yield `${[step, checkpoint, name, ...numbers, tensors.identical[at] === 1].join(',')}\r\n`;
    }
  }
}

function writeNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}
