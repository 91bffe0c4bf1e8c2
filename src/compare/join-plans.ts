import type { Columns } from '../native/binding.ts';
import { ABSENT } from '../checkpoint/tensor-table.ts';
import { ITEM_NUMBERS, type Plan } from './plan.ts';

/** The items of several plans as those of one. */
export interface JoinedPlans {
  readonly items: Float64Array;
  /** For each plan, which item of the whole each of its own is; {@link ABSENT} for those that were not taken. */
  readonly places: readonly Int32Array[];
}

/** Places of some numbers in an item. */
const [OLD_SIDE, NEW_SIDE, NEW_TENSOR] = [0, 3, 4] as const;

/**
 * Joins plans of different old checkpoints and one new one, which gets the last number. Items of one new tensor follow each other: the
 * engine reads it once for all of them. Of all plans but the first only pairs are taken.
 */
export function joinPlans(plans: readonly Plan[]): JoinedPlans {
  const taken = plans.flatMap((plan, number) => takeItems(plan, number > 0).map((item) => ({ plan, number, item })));
  const order = orderOf(Float64Array.from(taken, ({ plan, item }) => plan.items[item * ITEM_NUMBERS + NEW_TENSOR] ?? ABSENT));
  const items = new Float64Array(taken.length * ITEM_NUMBERS);
  const places = plans.map((plan) => new Int32Array(plan.items.length / ITEM_NUMBERS).fill(ABSENT));
  for (let place = 0; place < order.length; place += 1) {
    const found = taken[order[place] ?? ABSENT];
    if (found === undefined) continue;
    const { plan, number, item } = found;
    for (let at = 0; at < ITEM_NUMBERS; at += 1) items[place * ITEM_NUMBERS + at] = plan.items[item * ITEM_NUMBERS + at] ?? 0;
    items[place * ITEM_NUMBERS + OLD_SIDE] = number;
    items[place * ITEM_NUMBERS + NEW_SIDE] = plans.length;
    places[number]?.fill(place, item, item + 1);
  }
  return { items, places };
}

function takeItems({ items, pairItem }: Plan, onlyPairs: boolean): number[] {
  if (onlyPairs) return Array.from(pairItem).filter((item) => item !== ABSENT);
  return Array.from({ length: items.length / ITEM_NUMBERS }, (_, item) => item);
}

/** Where the numbers, whole ones from -1, stand in their order; equal ones stay as they are. A function that compares would take ten times as long. */
function orderOf(numbers: Float64Array): Float64Array {
  const count = numbers.length;
  return numbers
    .map((number, index) => (number + 1) * count + index)
    .sort()
    .map((key) => key % count);
}

/** The rows at `places` of what the engine has answered; NaN where there is none. */
export function selectItems({ names, rows, values, failures }: Columns, places: Int32Array): Columns {
  const selected = new Float64Array(names.length * places.length).fill(Number.NaN);
  for (let column = 0; column < names.length; column += 1) {
    for (let item = 0; item < places.length; item += 1) {
      const place = places[item] ?? ABSENT;
      if (place !== ABSENT) selected[column * places.length + item] = values[column * rows + place] ?? Number.NaN;
    }
  }
  const failed = new Map(failures.map(({ row, failure }) => [row, failure]));
  const own = failed.size === 0 ? [] : Array.from(places, (place, row) => ({ row, failure: failed.get(place) }));
  return {
    names,
    rows: places.length,
    values: selected,
    failures: own.flatMap(({ row, failure }) => (failure === undefined ? [] : [{ row, failure }])),
  };
}
