/** The first `count` items in the order of `compare`, in that order, without sorting the others. */
export function selectFirst<T>(items: Iterable<T>, count: number, compare: (a: T, b: T) => number): T[] {
  if (count === 0) return [];
  const first: T[] = [];
  // Twice as many are held as are wanted, so that a sort is paid for by the items that led to it.
  const most = 2 * count;
  let last: T | undefined;
  for (const item of items) {
    if (last !== undefined && compare(item, last) >= 0) continue;
    first.push(item);
    if (first.length < most) continue;
    first.sort(compare);
    first.length = count;
    last = first[count - 1];
  }
  return first.sort(compare).slice(0, count);
}
