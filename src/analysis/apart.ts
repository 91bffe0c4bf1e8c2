import type { TensorRow } from './tensor-row.ts';

/**
 * What is no trained weight and never enters sizes, patterns or verdicts on them: `statistics` of batch norms; `counter`, masks,
 * rotary tables and other buffers; `companion`, scales and zero points of quantised weights; `codes`, quantised weights whose values
 * are not known without their companions; `optimizer`, states of an optimizer.
 */
export type ApartKind = 'statistics' | 'counter' | 'companion' | 'codes' | 'optimizer';

/** The rows of a comparison, told apart. */
export interface SortedRows {
  /** Trained weights, on both sides or on one. */
  readonly weights: readonly TensorRow[];
  readonly apart: ReadonlyMap<ApartKind, readonly TensorRow[]>;
}

const STATISTICS = /(^|[._])(running_(mean|var)|moving_(mean|var\w*))$/;
const OPTIMIZER = /(^|\.)(exp_avg(_sq)?|max_exp_avg_sq|momentum_buffer|square_avg|acc_delta|sum_of_squares)(\.|$)/;
const OPTIMIZER_STEP = /\.step$/;
const OPTIMIZER_STATES = /(^|\.)state\./;
/** Types that hold codes where a floating-point weight is expected. */
const CODES = new Set(['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64']);
const INTEGERS = new Set([...CODES, 'bool']);
const EIGHT_BIT_FLOATS = /^f8_|^f[46]_/;

/** Tells trained weights from everything else. */
export function sortRows(rows: readonly TensorRow[]): SortedRows {
  const companions = { old: listQuantised(rows, 'old'), new: listQuantised(rows, 'new') };
  const isOptimizer = rows.some((row) => OPTIMIZER.test(row.name));
  const weights: TensorRow[] = [];
  const apart = new Map<ApartKind, TensorRow[]>();
  for (const row of rows) {
    const kind = findKind(row, companions, isOptimizer);
    if (kind === null) {
      weights.push(row);
      continue;
    }
    const known = apart.get(kind);
    if (known === undefined) apart.set(kind, [row]);
    else known.push(row);
  }
  // A file of integers alone has nothing but them to tell of.
  const isAllCounters = weights.length === 0 && ![...apart.keys()].some((kind) => kind !== 'counter');
  return isAllCounters ? { weights: rows, apart: new Map() } : { weights, apart };
}

/** Modules of which a side has scales or zero points. */
function listQuantised(rows: readonly TensorRow[], side: 'old' | 'new'): ReadonlySet<string> {
  const found = new Set<string>();
  for (const {
    class: { type },
    name,
    oldDtype,
    newDtype,
  } of rows) {
    if (type === 'quant' && (side === 'old' ? oldDtype : newDtype) !== '') found.add(moduleOf(name));
  }
  return found;
}

/** `step` of a parameter that has a name, `state.fc.weight.step`, or an index, or in a file of one parameter neither. */
function isStep(name: string): boolean {
  return name === 'step' || (OPTIMIZER_STEP.test(name) && OPTIMIZER_STATES.test(name));
}

function moduleOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

function findKind(
  row: TensorRow,
  quantised: { readonly old: ReadonlySet<string>; readonly new: ReadonlySet<string> },
  isOptimizer: boolean,
): ApartKind | null {
  const { name, class: tensorClass, oldDtype, newDtype } = row;
  if (isOptimizer && (OPTIMIZER.test(name) || isStep(name))) return 'optimizer';
  if (STATISTICS.test(name)) return 'statistics';
  if (tensorClass.type === 'buffer') return 'counter';
  if (tensorClass.type === 'quant') return 'companion';
  const module = moduleOf(name);
  const isCode = (dtype: string, modules: ReadonlySet<string>): boolean =>
    dtype !== '' && modules.has(module) && (CODES.has(dtype) || EIGHT_BIT_FLOATS.test(dtype));
  if (isCode(oldDtype, quantised.old) || isCode(newDtype, quantised.new)) return 'codes';
  const [isOldInteger, isNewInteger] = [INTEGERS.has(oldDtype), INTEGERS.has(newDtype)];
  // A weight that is a float on one side and an integer on the other was quantised, wherever its scale is.
  if (oldDtype !== '' && newDtype !== '' && isOldInteger !== isNewInteger) return 'codes';
  if ((oldDtype === '' || isOldInteger) && (newDtype === '' || isNewInteger)) {
    return CODES.has(oldDtype || newDtype) && tensorClass.kind === 'weight' && tensorClass.type !== 'other' ? 'codes' : 'counter';
  }
  return null;
}
