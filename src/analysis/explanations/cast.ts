import { formatCount, formatNoun } from '../../wording/numbers.ts';
import { sumOf } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';

/** Types that values are rounded to, the finest first, with the columns of the probe that count their roundings. */
const TYPES = [
  { dtype: 'f16', forward: 'castF16', backward: 'uncastF16' },
  { dtype: 'bf16', forward: 'castBf16', backward: 'uncastBf16' },
  { dtype: 'f8_e4m3fn', forward: 'castE4m3', backward: 'uncastE4m3' },
  { dtype: 'f8_e5m2', forward: 'castE5m2', backward: 'uncastE5m2' },
] as const;

/** Two roundings of one source agree in at least this share of the elements. */
const COMMON = 0.9;

interface Cast {
  readonly row: TensorRow;
  /** `forward`: new is old rounded; `backward`: old is new rounded; `cut`: new is old cut off; `common`: both are roundings of one source. */
  readonly direction: 'forward' | 'backward' | 'cut' | 'common';
  /** The type that was rounded to. */
  readonly to: string;
}

/** Weights that are the same but for a rounding, tested bit by bit on every element. */
export const explainCast: Explain = (_, open) => {
  const groups = new Map<string, Cast[]>();
  for (const row of open) {
    const cast = readCast(row);
    if (cast === null) continue;
    const key = [cast.direction, cast.to, row.oldDtype, row.newDtype].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), cast]);
  }
  return [...groups.values()].filter((casts) => casts.some(isTelling)).map(describe);
};

/** Norms that are 1 throughout, and biases of zeros, are what any small change of them rounds to: they alone show no rounding. */
function isTelling({ row, direction }: Cast): boolean {
  const { min, max } = row.readSide(direction === 'backward' ? 'old' : 'new');
  return min !== max;
}

function readCast(row: TensorRow): Cast | null {
  const elements = row.probe('castElements');
  if (!(elements > 0)) return null;
  const holds = (column: Parameters<TensorRow['probe']>[0]): boolean => row.probe(column) === elements;
  // The type of the file comes first: values that fit a coarser one too were rounded to no other.
  const order = [...TYPES].sort((a, b) => rank(b.dtype, row) - rank(a.dtype, row));
  const forward = order.find((type) => holds(type.forward));
  if (forward !== undefined) return { row, direction: 'forward', to: forward.dtype };
  if (holds('truncBf16')) return { row, direction: 'cut', to: 'bf16' };
  const backward = order.find((type) => holds(type.backward));
  if (backward !== undefined) return { row, direction: 'backward', to: backward.dtype };
  const isCommon = row.oldDtype !== row.newDtype && row.probe('commonSource') >= COMMON * elements;
  return isCommon ? { row, direction: 'common', to: row.newDtype } : null;
}

function rank(dtype: string, { oldDtype, newDtype }: TensorRow): number {
  return dtype === newDtype ? 2 : dtype === oldDtype ? 1 : 0;
}

function describe(casts: readonly Cast[]): Claim {
  const rows = casts.map(({ row }) => row);
  const [first] = casts;
  const { oldDtype = '', newDtype = '' } = first?.row ?? {};
  const { direction = 'forward', to = '' } = first ?? {};
  const elements = sumOf(rows, (row) => row.probe('castElements'));
  const all = `all ${formatCount(elements)} elements of ${formatNoun(rows.length, 'tensor')} are equal after rounding`;
  const stored = newDtype === to ? '' : `, stored as ${newDtype}`;
  const sentence = {
    forward: `same weights, rounded${oldDtype === newDtype ? '' : ` from ${oldDtype}`} to ${nameType(to)}${stored}: ${all}`,
    cut: `same weights, cut off (not rounded) from ${oldDtype} to ${to}: all ${formatCount(elements)} elements of ${formatNoun(rows.length, 'tensor')} fit`,
    backward: `same weights: the old ones are the new ones rounded to ${nameType(to)}${oldDtype === to ? '' : `, stored as ${oldDtype}`} (${all})`,
    common: `same weights, rounded from one source: old to ${oldDtype}, new to ${newDtype}`,
  }[direction];
  return {
    code: 'cast',
    rows,
    sentence,
    evidence: { direction, from: oldDtype, to: newDtype, roundedTo: to, tensors: rows.length, elements },
  };
}

/** A dtype as people call it. */
export function nameType(dtype: string): string {
  return { f8_e4m3fn: 'fp8 (e4m3)', f8_e5m2: 'fp8 (e5m2)' }[dtype] ?? dtype;
}

/** The same values in another type: nothing was rounded. */
export const explainLosslessCast: Explain = ({ compared }) => {
  const groups = new Map<string, TensorRow[]>();
  for (const row of compared) {
    if (!row.isIdentical || row.oldDtype === row.newDtype) continue;
    const key = `${row.oldDtype}\n${row.newDtype}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, rows]) => {
    const [from = '', to = ''] = key.split('\n');
    const which = rows.length === compared.length ? '' : ` in ${formatNoun(rows.length, 'tensor')}`;
    return {
      code: 'lossless_cast',
      rows,
      sentence: `same values, stored as ${to} instead of ${from}${which}`,
      evidence: { from, to, tensors: rows.length },
    };
  });
};
