/** What the page of a comparison can be searched by: its tensors' states, dtypes, causes and numbers beside their places. */
import { type PageTensors, STATUSES, statusAt } from '../data/page-tensors.ts';
import { NOWHERE } from '../data/placed-tensors.ts';
import { type Filter, parseTerms, type WordConditions } from './filter-terms.ts';
import { PLACE_CONDITIONS } from './place-filter.ts';
import { countNonfinite, QUANTITIES, readRelative } from './quantities.ts';

const STATES: Readonly<Record<string, (tensors: PageTensors, row: number) => boolean>> = {
  nan: (tensors, row) => countNonfinite(tensors, 'new', row) > 0,
  'new-nan': (tensors, row) => countNonfinite(tensors, 'new', row) > countNonfinite(tensors, 'old', row),
  'old-nan': (tensors, row) => countNonfinite(tensors, 'old', row) > 0,
  matrix: ({ places, shapes }, row) =>
    (shapes[places.newShape[row] ?? NOWHERE] ?? shapes[places.oldShape[row] ?? NOWHERE] ?? []).length > 1,
  converted: ({ places }, row) =>
    places.oldDtype[row] !== places.newDtype[row] && places.oldDtype[row] !== NOWHERE && places.newDtype[row] !== NOWHERE,
  'from-zero': (tensors, row) => readRelative(tensors, row) === Infinity,
  ...Object.fromEntries(
    STATUSES.map((status) => [status, (tensors: PageTensors, row: number) => statusAt(tensors, row) === status] as const),
  ),
};

const CONDITIONS: WordConditions<PageTensors> = {
  is: (tensors, value) => {
    const state = STATES[value];
    return state === undefined ? `is: one of ${Object.keys(STATES).join(', ')}` : (row) => state(tensors, row);
  },
  dtype:
    ({ places, dtypes }, value) =>
    (row) =>
      [places.oldDtype[row], places.newDtype[row]].some((at) => dtypes[at ?? NOWHERE]?.toLowerCase() === value.toLowerCase()),
  cause:
    ({ places, causes }, value) =>
    (row) =>
      causes[places.cause[row] ?? NOWHERE] === value,
  ...PLACE_CONDITIONS,
};

const VOCABULARY = { conditions: CONDITIONS, quantities: QUANTITIES };

/** Reads a text of the search box. */
export function parseFilter(text: string, tensors: PageTensors): Filter {
  return parseTerms(text, tensors, VOCABULARY);
}
