import { formatNoun } from '../../wording/numbers.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { countPlaced, type Story } from './story.ts';

/** In fewer elements a common difference says nothing. */
const FEWEST_ELEMENTS = 16;
/** Deviation of the differences from their mean, over that mean: rounding to bf16 leaves 0.4%, sums in f64 of f32 0.1%. */
const SPREAD = 5e-3;
/** Shifts of one claim differ by at most this share. */
const SHARED = 0.01;

/** Tensors to each of whose elements one number was added: norms that are stored as their distance from 1, as Gemma's are. */
export const explainShift: Explain = (story, open) => {
  const shifted = open.flatMap((row) => {
    const shift = readShift(row);
    return shift === null ? [] : [{ row, shift }];
  });
  const groups: (typeof shifted)[] = [];
  for (const one of shifted.sort((a, b) => a.shift - b.shift)) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    if (group !== undefined && first !== undefined && one.shift - first.shift <= SHARED * Math.abs(first.shift)) group.push(one);
    else groups.push([one]);
  }
  return groups.map((group) => describe(story, group));
};

/** The number that was added to every element; null where there is none. */
function readShift(row: TensorRow): number | null {
  const { elements, length } = row;
  const [before, after] = [row.readSide('old'), row.readSide('new')];
  const shift = after.mean - before.mean;
  // Of a constant that became another one nobody can tell whether it was added or multiplied.
  if (elements < FEWEST_ELEMENTS || before.min === before.max || !(Math.abs(shift) > 0)) return null;
  const square = length ** 2 / elements;
  return square - shift ** 2 <= (SPREAD * shift) ** 2 ? shift : null;
}

function describe(story: Story, group: readonly { readonly row: TensorRow; readonly shift: number }[]): Claim {
  const rows = group.map(({ row }) => row);
  const shift = group[Math.floor(group.length / 2)]?.shift ?? 0;
  const size = String(Number(Math.abs(shift).toPrecision(3)));
  return {
    code: 'shifted',
    rows,
    sentence: `${size} was ${shift < 0 ? 'subtracted from' : 'added to'} every element of ${rows.length === 1 ? countPlaced(story, rows) : `${formatNoun(rows.length, 'tensor')} (${story.where(rows).text})`}`,
    evidence: { shift, tensors: rows.length },
  };
}
