import type { SideColumns, TensorColumns } from '../../types.ts';
import { classifyTensors } from './classify.ts';
import type { TensorClass } from './tensor-class.ts';
import type { UserTypes } from './user-patterns.ts';

/** Classes by the built-in rules. The list of a comparison has them, and its analysis starts from them. */
const known = new WeakMap<TensorColumns, readonly TensorClass[]>();

/** Classes of all tensors of a comparison; of a tensor whose shape changed, by the old one. */
export function classifyColumns(columns: TensorColumns, userTypes: UserTypes | null = null): readonly TensorClass[] {
  const found = userTypes === null ? known.get(columns) : undefined;
  if (found !== undefined) return found;
  const { names, old, new: fresh } = columns;
  const tensors = names.map((name, row) => ({ name, shape: shapeAt(old, row) ?? shapeAt(fresh, row) }));
  const classes = classifyTensors(tensors, userTypes);
  if (userTypes === null) known.set(columns, classes);
  return classes;
}

/** Sizes of the dimensions of a side; null where it is absent. */
export function shapeAt(side: SideColumns, row: number): readonly number[] | null {
  return side.dtype[row] ? (side.shape[row] ?? null) : null;
}
