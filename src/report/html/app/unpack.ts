import type { PageHead } from '../data/blocks.ts';
import { NUMBERS, type NumberColumn, type PageTensors, type PlaceColumn, PLACES } from '../data/page-tensors.ts';
import { readHead, readNumbers, readPlaces } from './read-block.ts';

/** Reads the tensors that the page holds, and takes their elements out of it. */
export async function unpackTensors(): Promise<{ tensors: PageTensors; left: number }> {
  const head = await readHead<PageHead>();
  const { left, errors, bins, ...lists } = head;
  const [numbers, places, counts] = await Promise.all([
    Promise.all(NUMBERS.map(async (column) => [column, await readNumbers(column, head.count)] as const)),
    Promise.all(PLACES.map(async (column) => [column, await readPlaces(column, head.count)] as const)),
    bins === null ? null : readNumbers('histogram', head.count * bins.bins),
  ]);
  const tensors: PageTensors = {
    ...lists,
    numbers: Object.fromEntries(numbers) as Record<NumberColumn, Float64Array>,
    places: Object.fromEntries(places) as Record<PlaceColumn, Int32Array>,
    errors: new Map(errors),
    histogram: bins === null || counts === null ? null : { ...bins, counts },
  };
  return { tensors, left };
}
