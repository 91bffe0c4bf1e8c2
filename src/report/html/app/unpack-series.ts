import { END_NUMBERS, type PageSeries, SERIES_PLACES, type SeriesHead, STEP_NUMBERS } from '../data/page-series.ts';
import { readHead, readNumbers, readPlaces } from './read-block.ts';

/** Reads the series that the page holds, and takes its elements out of it. */
export async function unpackSeries(): Promise<{ series: PageSeries; left: number }> {
  const { left, ...lists } = await readHead<SeriesHead>();
  const { count, steps } = lists;
  const [byStep, atEnd, places] = await Promise.all([
    readAll(STEP_NUMBERS, (column) => readNumbers(column, count * steps.length)),
    readAll(END_NUMBERS, (column) => readNumbers(column, count)),
    readAll(SERIES_PLACES, (column) => readPlaces(column, count)),
  ]);
  return { series: { ...lists, byStep, atEnd, places }, left };
}

async function readAll<Key extends string, Column>(
  columns: readonly Key[],
  read: (column: Key) => Promise<Column>,
): Promise<Record<Key, Column>> {
  return Object.fromEntries(await Promise.all(columns.map(async (column) => [column, await read(column)] as const))) as Record<
    Key,
    Column
  >;
}
