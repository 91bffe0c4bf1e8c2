/** The order of a table. */
export interface Sort {
  readonly key: string;
  readonly isDown: boolean;
}

/** Reads `rel:desc`. */
export function readSort(sort: string): Sort {
  const [key = '', order] = sort.split(':');
  return { key, isDown: order !== 'asc' };
}

/** The order once the head of a column is pressed: the same column turns round. */
export function turnSort(sort: string, key: string): string {
  const before = readSort(sort);
  const isDown = before.key === key ? !before.isDown : key !== 'name';
  return `${key}:${isDown ? 'desc' : 'asc'}`;
}

/** Sorts rows by a column of words or of numbers; what has no number comes last. */
export function sortRows(rows: number[], isDown: boolean, read: (row: number) => number | string): number[] {
  const sign = isDown ? -1 : 1;
  const values: (number | string)[] = [];
  for (const row of rows) {
    const value = read(row);
    values[row] = Number.isNaN(value) ? sign * Infinity : value;
  }
  return rows.sort((a, b) => {
    const [one = 0, other = 0] = [values[a], values[b]];
    return one === other ? a - b : one < other ? -sign : sign;
  });
}
