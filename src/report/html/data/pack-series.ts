import { HEAD_BLOCK, roundNumbers } from './blocks.ts';
import { END_NUMBERS, type PageSeries, SERIES_PLACES, type SeriesHead, STEP_NUMBERS } from './page-series.ts';
import { writeBlock, writeNumbers, writePlaces } from './write-block.ts';

/** Bits of significands: three digits are shown, and with these the fourth is right. */
const BITS = 16;

/** The elements of a page that hold the tensors of its series. @param left tensors that the page does not hold */
export function* packSeries(series: PageSeries, left: number): Iterable<string> {
  const { byStep, atEnd, places, ...lists } = series;
  const head: SeriesHead = { ...lists, left };
  yield writeBlock(HEAD_BLOCK, Buffer.from(JSON.stringify(head)));
  for (const column of STEP_NUMBERS)
    yield writeNumbers(column, column === 'nonfinite' ? byStep[column] : roundNumbers(byStep[column], BITS));
  for (const column of END_NUMBERS) yield writeNumbers(column, roundNumbers(atEnd[column], BITS));
  for (const column of SERIES_PLACES) yield writePlaces(column, places[column]);
}
