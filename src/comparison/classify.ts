import { classifyTensors } from '../layer-types/classify.ts';
import type { TensorClass } from '../layer-types/tensor-class.ts';
import type { UserTypes } from '../layer-types/user-patterns.ts';
import { shapeAt, type TensorColumns } from './columns.ts';

/** Classes by the built-in rules. The rows of a comparison have them, and its analysis starts from them. */
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
