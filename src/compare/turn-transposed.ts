import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { columnReader } from '../checkpoint/tensor-info.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import type { NamedView, Step } from '../names/named-view.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { derive, listTensors, type TranslatedSides } from './derive.ts';
import type { ResolvedOptions } from './options.ts';
import { ITEM_NUMBERS, NEW, OLD } from './plan.ts';
import { spellEngineOptions } from './run-diff.ts';

const TRANSPOSE: Step = { operation: 'permute', numbers: [1, 0] };

/** Elements by which it is told whether a matrix is transposed, rows and columns that it has for that to mean something. */
const LOOKED_AT = 1 << 14;
const FEWEST = 8;
/** 1 - cosine up to which it is the old matrix, trained perhaps. */
const ALIKE = 0.5;

/** A matrix of both sides. */
interface Matrix {
  readonly name: string;
  readonly old: number;
  readonly new: number;
}

/**
 * Where matrices of one name have rows for columns, as Conv1D stores what Linear does, those of the new side transposed. Values tell, since
 * another shape alone may be another matrix; square ones are looked at where there are others.
 */
export async function turnTransposed(
  sides: TranslatedSides,
  options: ResolvedOptions,
  { signal }: Pick<RunOptions, 'signal'>,
): Promise<TranslatedSides> {
  const { oblong, square } = findMatrices(sides);
  if (oblong.length === 0) return sides;
  const matrices = [...oblong, ...square];
  const run = signal === undefined ? {} : { signal };
  const turned = derive(sides.new, [], viewAll(matrices));
  try {
    const asTurned = await measure(sides.old, turned, matrices, [...matrices.keys()], options, run);
    const isAlike = matrices.map((_, at) => (asTurned[at] ?? 2) < ALIKE);
    if (!oblong.some((_, at) => isAlike[at])) return sides;
    const rows = square.map((matrix) => matrix.new);
    const asStored = await measure(sides.old, sides.new, square, rows, options, run);
    return turn(
      sides,
      matrices.filter(
        (_, at) => isAlike[at] && (at < oblong.length || (asTurned[at] ?? 2) < (asStored[at - oblong.length] ?? 0)),
      ),
    );
  } finally {
    turned.close();
  }
}

function findMatrices(sides: TranslatedSides): { readonly oblong: readonly Matrix[]; readonly square: readonly Matrix[] } {
  const [old, fresh] = [listTensors(sides.old), listTensors(sides.new)];
  const oblong: Matrix[] = [];
  const square: Matrix[] = [];
  for (let row = 0; row < fresh.names.length; row += 1) {
    const after = fresh.shape(row);
    const [rows = 0, columns = 0] = after;
    if (after.length !== 2 || rows < FEWEST || columns < FEWEST) continue;
    const name = fresh.names[row] ?? '';
    const other = name === old.names[row] ? row : old.find(name);
    if (other === undefined) continue;
    const before = old.shape(other);
    if (before.length !== 2 || before[0] !== columns || before[1] !== rows) continue;
    if (fresh.isReadable(row) && old.isReadable(other)) (rows === columns ? square : oblong).push({ name, old: other, new: row });
  }
  return { oblong, square };
}

function viewAll(matrices: readonly Matrix[]): NamedView[] {
  return matrices.map(({ name, new: row }) => ({ name, row, steps: [TRANSPOSE] }));
}

function turn(sides: TranslatedSides, matrices: readonly Matrix[]): TranslatedSides {
  const turned = new Set(matrices.map((matrix) => matrix.new));
  const kept = [...sides.new.table.names.keys()].filter((row) => !turned.has(row));
  const fresh = derive(sides.new, kept, viewAll(matrices));
  return {
    ...sides,
    new: fresh,
    made: [...sides.made, fresh],
    changes: [...sides.changes, { side: 'new', kind: 'transpose', rule: 'rows are columns', tensors: matrices.length }],
  };
}

/** 1 - cosine between the beginnings of the old matrices and those of the rows. */
async function measure(
  old: Checkpoint,
  fresh: Checkpoint,
  matrices: readonly Matrix[],
  rows: readonly number[],
  options: ResolvedOptions,
  run: RunOptions,
): Promise<Float64Array> {
  const items = new Float64Array(rows.length * ITEM_NUMBERS);
  for (const [at, row] of rows.entries()) {
    const elements = Math.min(LOOKED_AT, fresh.table.elements[row] ?? 0);
    items.set([OLD, matrices[at]?.old ?? 0, 0, NEW, row, 0, elements], at * ITEM_NUMBERS);
  }
  const { columns } = await runJob('compare', run, (control) =>
    binding().diff([old.native, fresh.native], items, spellEngineOptions({ ...options, histogram: 'none' }), control),
  );
  return columnReader(columns)('one_minus_cos');
}
