import type { Step } from './named-view.ts';

/** Steps that lead from a view back to the tensor of the shape; null where elements are left out, so that none do. */
export function invertSteps(steps: readonly Step[], shape: readonly number[]): Step[] | null {
  let before = [...shape];
  const back: Step[] = [];
  for (const { operation, numbers } of steps) {
    if (operation === 'slice') return null;
    if (operation === 'reshape') {
      back.unshift({ operation, numbers: before });
      before = numbers;
    } else if (operation === 'permute') {
      back.unshift({ operation, numbers: numbers.map((_, axis) => numbers.indexOf(axis)) });
      before = numbers.map((axis) => before[axis] ?? 0);
    } else back.unshift({ operation, numbers: numbers.map((number) => -number) });
  }
  return back;
}
