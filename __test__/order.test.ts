/** Sorting and selecting give what the language's own sort gives. */
import test from 'ava';

import { sortAscending } from '../src/analysis/sort-ascending.ts';
import { selectFirst } from '../src/comparison/select-first.ts';

/** Numbers from 0 to 1, the same in every run. */
function createRandom(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

const SPECIAL = [0, Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 1e-310, 1, 1 + Number.EPSILON];

for (const [title, values] of [
  ['sizes of all magnitudes', (random: () => number) => 10 ** (600 * random() - 300)],
  ['many equal ones', (random: () => number) => Math.floor(5 * random())],
  ['values at the ends of the range', (random: () => number) => SPECIAL[Math.floor(SPECIAL.length * random())] ?? 0],
  ['both signs', (random: () => number) => random() - 0.5],
  ['both zeros', (random: () => number) => (random() < 0.5 ? -0 : random())],
  ['NaN among them', (random: () => number) => (random() < 0.1 ? Number.NaN : random())],
] as const) {
  test(`a long list is sorted as a short one: ${title}`, (t) => {
    const random = createRandom();
    const given = Array.from({ length: 40_000 }, () => values(random));
    const before = [...given];
    const sorted = sortAscending(given);
    const expected = new Float64Array(given).sort();
    t.true(sorted.every((value, at) => Object.is(value, expected[at])));
    t.is(sorted.length, given.length);
    t.deepEqual(given, before, 'the list itself stays as it was');
  });
}

test('the first of many are those of the whole order, for any number of them', (t) => {
  const random = createRandom();
  const items = Array.from({ length: 2000 }, (_, name) => ({ name, size: Math.floor(50 * random()) }));
  const compare = (a: (typeof items)[number], b: (typeof items)[number]): number => b.size - a.size || a.name - b.name;
  const sorted = items.toSorted(compare);
  for (const count of [0, 1, 2, 7, 1999, 2000, 5000, 1e9])
    t.deepEqual(selectFirst(items, count, compare), sorted.slice(0, count));
  t.deepEqual(selectFirst([], 3, compare), []);
});
