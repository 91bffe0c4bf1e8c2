import { changeTypeAt, hasFinitePair, type SideColumns, shapeAt, type TensorColumns } from '../comparison/columns.ts';
import { classifyName } from '../layer-types/classify.ts';

/** What a tensor can be asked in a second look, as bits of the binding. */
export const QUESTIONS = { cast: 1, zeros: 2, rows: 4, grid: 8, order: 16, nearest: 32 } as const;

export type Question = keyof typeof QUESTIONS;

/** Mantissa bits of the float types, and how far numbers reach above 1: what rounding to a type does. */
const MANTISSA_BITS: ReadonlyMap<string, number> = new Map([
  ['f64', 52],
  ['f32', 23],
  ['f16', 10],
  ['bf16', 7],
  ['f8_e4m3fn', 3],
  ['f8_e4m3fnuz', 3],
  ['f8_e5m2', 2],
  ['f8_e5m2fnuz', 2],
]);

/** Share of the bytes of all compared tensors that zeros and rows may read again, and what they always may. */
const BUDGET_SHARE = 0.1;
const BUDGET_BYTES = 2 ** 30;
/** Tensors that are sampled at most: a model of 100,000 tensors has many of each kind. */
const MOST_SAMPLED = 1024;
/**
 * Which tensors are worth a second look, and what each is asked: bits of {@link QUESTIONS} by row. Orders and casts take the elements that
 * they need (the engine stops after a few where those show no cast), grids are sampled; zeros and rows share a budget, the smallest
 * change first.
 */
export function probesFor(columns: TensorColumns): Uint8Array {
  const questions = new Uint8Array(columns.names.length);
  const sampled: number[] = [];
  const rounded: number[] = [];
  const costly: { readonly row: number; readonly question: Question; readonly bytes: number; readonly share: number }[] = [];
  const isTable = createTableFinder();
  const ask = (row: number, question: Question): void => {
    questions[row] = (questions[row] ?? 0) | QUESTIONS[question];
  };
  let total = 0;
  for (let row = 0; row < questions.length; row += 1) {
    const bytes = bytesOf(columns, row);
    total += bytes;
    if (isQuantisedAlone(columns, row)) rounded.push(row);
    if (!isOpen(columns, row)) continue;
    const share = changedShare(columns, row);
    if (isReordered(columns, row)) ask(row, 'order');
    if (mayBeConverted(columns, row)) ask(row, 'cast');
    if (mayBeRounded(columns, row) || mayLieOnGrid(columns, row)) sampled.push(row);
    if (hasOddZeros(columns, row)) costly.push({ row, question: 'zeros', bytes, share });
    const mayBeZeroed = share <= MOST_ZEROED && hasOddZeros(columns, row);
    if (isMatrix(columns, row) && (mayBeZeroed || mayBeRows(columns, row, share, isTable)))
      costly.push({ row, question: 'rows', bytes, share });
  }
  for (const row of spread(sampled, MOST_SAMPLED)) {
    if (mayBeRounded(columns, row)) ask(row, 'cast');
    if (mayLieOnGrid(columns, row)) ask(row, 'grid');
  }
  for (const row of spread(rounded, MOST_SAMPLED)) ask(row, 'nearest');
  let left = Math.max(total * BUDGET_SHARE, BUDGET_BYTES);
  costly.sort((a, b) => a.share - b.share || a.row - b.row);
  for (const { row, question, bytes } of costly) {
    if (bytes > left) continue;
    left -= bytes;
    ask(row, question);
  }
  return questions;
}

/** Whether both sides have a float tensor of one shape with different values. */
function isOpen(columns: TensorColumns, row: number): boolean {
  return isChanged(columns, row) && isFloat(columns.old, row) && isFloat(columns.new, row);
}

/** Whether one side alone is stored as floats and the other one as something that is read as numbers: codes with scales. */
function isQuantisedAlone(columns: TensorColumns, row: number): boolean {
  return isChanged(columns, row) && isFloat(columns.old, row) !== isFloat(columns.new, row) && isMatrix(columns, row);
}

function isChanged(columns: TensorColumns, row: number): boolean {
  const type = changeTypeAt(columns, row);
  if ((type !== 'modified' && type !== 'unchanged') || columns.errors.has(row) || columns.identical[row] === 1) return false;
  return hasFinitePair(columns, row);
}

function isFloat(side: SideColumns, row: number): boolean {
  return mantissaBits(side, row) !== undefined;
}

function mantissaBits(side: SideColumns, row: number): number | undefined {
  return MANTISSA_BITS.get(side.dtype[row] ?? '');
}

function bytesOf({ old, new: fresh }: TensorColumns, row: number): number {
  const known = (bytes: number | undefined): number => (bytes !== undefined && bytes > 0 ? bytes : 0);
  return known(old.sizeBytes[row]) + known(fresh.sizeBytes[row]);
}

/** Share of the elements that changed, as far as it was counted. */
function changedShare({ bitChanged, changedElements, totalElements }: TensorColumns, row: number): number {
  const bits = bitChanged[row] ?? Number.NaN;
  const changed = Number.isNaN(bits) ? (changedElements[row] ?? Number.NaN) : bits;
  return Number.isNaN(changed) ? 1 : changed / (totalElements[row] ?? 1);
}

function isMatrix(columns: TensorColumns, row: number): boolean {
  const shape = shapeAt(columns.old, row) ?? [];
  return shape.length > 1 && (shape[0] ?? 0) > 1 && (columns.totalElements[row] ?? 0) > (shape[0] ?? 0);
}

/** Largest change that a conversion makes; that of weights of which most are too small for an 8-bit float is nearly all of them. */
const MOST_CONVERTED = { floats: 0.15, eightBits: 1.1 };

/** The types differ, and so little changed that rounding may be all. */
function mayBeConverted(columns: TensorColumns, row: number): boolean {
  const { old, new: fresh, relativeChange } = columns;
  if (old.dtype[row] === fresh.dtype[row]) return false;
  const bits = Math.min(mantissaBits(old, row) ?? 0, mantissaBits(fresh, row) ?? 0);
  return !((relativeChange[row] ?? Number.NaN) > (bits <= 3 ? MOST_CONVERTED.eightBits : MOST_CONVERTED.floats));
}

/** Mantissa bits of the types that values are rounded to and stored in another one. */
const COARSER = [10, 7, 3, 2] as const;
/** Rounding to p bits changes weights by 2^-(p + 2.24) of their norm, cutting off by twice that, and small ones for the type by more. */
const ROUNDED = { least: 0.5, most: 2.5 };
/** Mean over root mean square of the change: 0.8 for a normally distributed one, 0.7 for rounding, whose size follows that of the weights. */
const UNIFORM = 0.775;

/** One type on both sides, and a change as rounding to a coarser one makes it. */
function mayBeRounded(columns: TensorColumns, row: number): boolean {
  const { old, new: fresh, relativeChange, l1Diff, l2Diff, totalElements } = columns;
  const bits = mantissaBits(old, row) ?? 0;
  if (old.dtype[row] !== fresh.dtype[row] || bits < 7) return false;
  const change = relativeChange[row] ?? Number.NaN;
  const ratio = (l1Diff[row] ?? Number.NaN) / ((l2Diff[row] ?? Number.NaN) * Math.sqrt(totalElements[row] ?? 0));
  if (!(ratio < UNIFORM)) return false;
  return COARSER.some((coarser) => {
    const nominal = 2 ** -(coarser + 2.24);
    return coarser < bits && change >= ROUNDED.least * nominal && change <= ROUNDED.most * nominal;
  });
}

/** A matrix that changed as much as quantisation of some kind makes it, on either side. */
function mayLieOnGrid(columns: TensorColumns, row: number): boolean {
  const change = columns.symmetricChange[row] ?? Number.NaN;
  return change >= 1e-3 && change <= 0.6 && isMatrix(columns, row);
}

/** Share of zeros from which a tensor counts as pruned, and the difference of the shares that is worth a look. */
const PRUNED = 0.01;
const NOTICEABLE = 0.001;

/** Changed share up to which whole rows, or one run of elements, may have been zeroed. */
const MOST_ZEROED = 0.6;

/** Zeros came or went, or there are many. */
function hasOddZeros({ old, new: fresh, totalElements }: TensorColumns, row: number): boolean {
  const total = totalElements[row] ?? 0;
  const [before, after] = [(old.zeros[row] ?? Number.NaN) / total, (fresh.zeros[row] ?? Number.NaN) / total];
  return Math.abs(after - before) >= NOTICEABLE || Math.max(before, after) >= PRUNED;
}

/** Share of the rows of a matrix that may have changed for them to be told, and how many in a small one. */
const FEW_CHANGED = 0.05;
const FEW_ROWS = 2;
/** Changed share from which most rows of a table may have decayed while some were trained. */
const MOST_CHANGED = 0.3;

/** Few rows can have changed, or nearly all of a table. */
function mayBeRows(
  columns: TensorColumns,
  row: number,
  share: number,
  isTable: (columns: TensorColumns, row: number) => boolean,
): boolean {
  const [rows = 1] = shapeAt(columns.old, row) ?? [];
  return share <= Math.max(FEW_CHANGED, FEW_ROWS / rows) || (share >= MOST_CHANGED && isTable(columns, row));
}

/** Whether a tensor is an embedding or a head, looked up once for names that differ in numbers alone. */
function createTableFinder(): (columns: TensorColumns, row: number) => boolean {
  const known = new Map<string, boolean>();
  return ({ names, old }, row) => {
    const name = names[row] ?? '';
    const form = name.replaceAll(/\d+/gu, '0');
    let found = known.get(form);
    if (found === undefined) {
      const { type } = classifyName(name, shapeAt(old, row));
      known.set(form, (found = type === 'embedding' || type === 'output'));
    }
    return found;
  };
}

/** Change from which another order can be told from other changes by sums that are accurate to 1e-6. */
const LEAST_REORDERED = 0.01;
const FEWEST_REORDERED = 16;

/**
 * As far as sums tell, both sides hold the same numbers: equal extremes and zeros, and norms that differ by far less than a change of this
 * size makes them differ by chance.
 */
function isReordered(columns: TensorColumns, row: number): boolean {
  const { old, new: fresh, symmetricChange, totalElements } = columns;
  const change = symmetricChange[row] ?? Number.NaN;
  if (!(change >= LEAST_REORDERED) || (totalElements[row] ?? 0) < FEWEST_REORDERED) return false;
  if (old.dtype[row] !== fresh.dtype[row]) return false;
  const isSame = (metric: 'min' | 'max' | 'nan' | 'inf' | 'zeros'): boolean => Object.is(old[metric][row], fresh[metric][row]);
  if (!(['min', 'max', 'nan', 'inf', 'zeros'] as const).every(isSame)) return false;
  const [before, after] = [old.norm[row] ?? 0, fresh.norm[row] ?? 0];
  const size = before / Math.sqrt(totalElements[row] ?? 1);
  const isNear = (metric: 'mean' | 'std'): boolean =>
    Math.abs((fresh[metric][row] ?? 0) - (old[metric][row] ?? 0)) <= 2e-6 * size;
  return Math.abs(after / before - 1) <= Math.max(1e-6, 0.01 * change ** 2) && isNear('mean') && isNear('std');
}

/** At most so many of the values, evenly spread. */
function spread(values: readonly number[], most: number): readonly number[] {
  if (values.length <= most) return values;
  return Array.from({ length: most }, (_, at) => values[Math.floor(((at + 0.5) * values.length) / most)] ?? 0);
}
