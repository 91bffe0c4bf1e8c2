/** Conditions on the place of a tensor in its model, which all pages have. */
import { blockAt, moduleAt, NOWHERE, type PlacedTensors } from '../data/placed-tensors.ts';
import { type RowTest, testRange, type WordConditions } from './filter-terms.ts';

export const PLACE_CONDITIONS: WordConditions<PlacedTensors> = {
  type:
    ({ places, types }, value) =>
    (row) =>
      types[places.type[row] ?? NOWHERE] === value,
  tower:
    ({ places, towers }, value) =>
    (row) =>
      towers[places.tower[row] ?? NOWHERE]?.name === value,
  stack: (tensors, value) => (row) => blockAt(tensors, row)?.stack === value,
  module: (tensors, value) => (row) => {
    const path = moduleAt(tensors, row)?.path;
    return path === value || path?.endsWith(`.${value}`) === true;
  },
  'module=': (tensors, value) => (row) => moduleAt(tensors, row)?.path === value,
  block: testBlock,
  layer: testBlock,
  expert: ({ places }, value) =>
    testRange(value, 'expert', (row) => {
      const expert = places.expert[row] ?? NOWHERE;
      return expert === NOWHERE ? Number.NaN : expert;
    }),
};

/** Blocks by number, or `none` for what is outside of them. */
function testBlock(tensors: PlacedTensors, value: string): RowTest | string {
  if (value === 'none') return (row) => blockAt(tensors, row) === null;
  return testRange(value, 'block', (row) => blockAt(tensors, row)?.depth ?? Number.NaN);
}
