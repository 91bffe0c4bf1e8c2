import { classifyName } from '../layer-types/classify.ts';

/** Rows that both sides of an embedding or head have when only its first dimension differs; null for every other change of shape. */
export function countCommonRows(name: string, before: readonly number[], after: readonly number[]): number | null {
  if (before.length !== after.length || before.length === 0) return null;
  if (before[0] === after[0] || !before.slice(1).every((dim, axis) => dim === after[axis + 1])) return null;
  const { type } = classifyName(name, before);
  return type === 'embedding' || type === 'output' ? Math.min(before[0] ?? 0, after[0] ?? 0) : null;
}
