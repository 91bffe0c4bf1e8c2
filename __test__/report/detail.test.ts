import test from 'ava';
import type { TensorColumns } from '../../src/comparison/columns.ts';
import { chooseDetail } from '../../src/report/html/data/detail.ts';

/** Columns with what the choice looks at: all modified, but for the first, which was removed. */
function columnsOf(count: number): TensorColumns {
  const numbers = (read: (row: number) => number): Float64Array => Float64Array.from({ length: count }, (_, row) => read(row));
  const side = { nan: numbers(() => 0), inf: numbers(() => 0), norm: numbers(() => 1) };
  const columns = {
    names: Array.from({ length: count }, (_, row) => `t${row}`),
    changeType: Uint8Array.from({ length: count }, (_, row) => (row === 0 ? 3 : 1)),
    relativeChange: numbers((row) => row / count),
    totalElements: numbers(() => 4),
    errors: new Map(),
    old: side,
    new: side,
  };
  return columns as unknown as TensorColumns;
}

test('up to 150,000 tensors a page holds all of them, beyond that the 5,000 that matter most', (t) => {
  t.is(chooseDetail(columnsOf(150_000), 'auto'), null);
  const count = 150_001;
  const part = chooseDetail(columnsOf(count), 'auto');
  t.deepEqual([part?.rows.length, part?.left, part?.rows[0], part?.rows.at(-1)], [5000, count - 5000, 0, count - 1]);
  t.is(part?.rows[1], count - 4999, 'the most changed');
  t.regex(part?.words ?? '', /^The list below holds 5,000 of 150,001 tensors: /);
  t.is(chooseDetail(columnsOf(count), 'full'), null);
});

test('a number of tensors is taken as it is', (t) => {
  t.is(chooseDetail(columnsOf(10), 10), null);
  t.deepEqual([...(chooseDetail(columnsOf(10), 3)?.rows ?? [])], [0, 8, 9]);
  t.is(chooseDetail(columnsOf(10), 0)?.rows.length, 0);
});
