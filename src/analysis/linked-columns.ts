import type { ParameterDiff, TensorColumns } from '../types.ts';

const links = new WeakMap<readonly ParameterDiff[], { readonly columns: TensorColumns; readonly length: number }>();

/**
 * Remembers which comparison a list of differences shows. A list leaves unchanged tensors out by default; what is asked of
 * the list alone (pattern, layer types) is then answered from all tensors all the same.
 */
export function linkColumns(diffs: readonly ParameterDiff[], columns: TensorColumns | undefined): void {
  if (columns !== undefined) links.set(diffs, { columns, length: diffs.length });
}

/** The comparison that a list shows; undefined for lists made by hand, filtered or changed since. */
export function findColumns(diffs: readonly ParameterDiff[]): TensorColumns | undefined {
  const link = links.get(diffs);
  return link?.length === diffs.length ? link.columns : undefined;
}
