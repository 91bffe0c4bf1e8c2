/** What the page of a series can be searched by: what happened to a tensor, and its numbers, beside its place. */
import type { SeriesEventKind } from '../../../series/types.ts';
import { type PageSeries, stepAt } from '../data/page-series.ts';
import { type Filter, parseTerms, type RowTest, testRange, type WordConditions } from './filter-terms.ts';
import { PLACE_CONDITIONS } from './place-filter.ts';
import { SERIES_COLUMNS } from './series-columns.ts';

/** Kinds of tensors that can be asked for, with the words of their chips and the event that makes them one, if one does. */
export const SERIES_KINDS: readonly (readonly [kind: string, word: string, event: SeriesEventKind | null])[] = [
  ['nan', 'NaN', 'non_finite'],
  ['failed', 'failed', 'failed'],
  ['jumped', 'jumped', 'jumped'],
  ['codes', 'codes', 'codes'],
  ['froze', 'stopped', 'froze'],
  ['still', 'never changed', null],
];

/** Tests whether a tensor is of a kind; null for one that there is not. */
export function testKind(series: PageSeries, kind: string): RowTest | null {
  const known = SERIES_KINDS.find(([key]) => key === kind);
  if (known === undefined) return null;
  const [, , event] = known;
  if (event === null) return (row) => series.steps.every((_, step) => stepAt(series, 'step', row, step) === 0);
  return testRows(series.events.filter((own) => own.kind === event));
}

function testRows(events: PageSeries['events']): RowTest {
  const rows = new Set(events.flatMap(({ tensors }) => tensors));
  return (row) => rows.has(row);
}

/** Tensors that something happened to in a step, or in some. */
function testEvents(events: PageSeries['events'], value: string): RowTest | string {
  const isMeant = testRange(value, 'event', (step) => step);
  return typeof isMeant === 'string' ? isMeant : testRows(events.filter(({ step }) => isMeant(step)));
}

const CONDITIONS: WordConditions<PageSeries> = {
  is: (series, kind) => testKind(series, kind) ?? `is: one of ${SERIES_KINDS.map(([key]) => key).join(', ')}`,
  event: (series, value) => testEvents(series.events, value),
  ...Object.fromEntries(
    SERIES_KINDS.flatMap(([, , event]) =>
      event === null
        ? []
        : [
            [
              event,
              ({ events }: PageSeries, value: string) =>
                testEvents(
                  events.filter(({ kind }) => kind === event),
                  value,
                ),
            ],
          ],
    ),
  ),
  ...PLACE_CONDITIONS,
};

/** Reads a text of the search box. @param step that is chosen, from 1 on */
export function parseSeriesFilter(text: string, series: PageSeries, step: number): Filter {
  return parseTerms(text, series, {
    conditions: CONDITIONS,
    quantities: SERIES_COLUMNS.map(({ key, read }) => ({
      key,
      read: (own: PageSeries, row: number) => read(own, row, step),
    })),
  });
}
