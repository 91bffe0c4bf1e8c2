import { classifyTensors } from '../layer-types/classify.ts';
import type { SeriesTensor } from './accumulator.ts';

/** What a checkpoint says of one tensor. */
export interface DescribedTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Types that hold counters and masks. */
const COUNTERS: ReadonlySet<string> = new Set(['bool', 'i64', 'u64']);

/**
 * The tensors of a series by name, and which of them the totals run over: matrices that training changes and every checkpoint has with
 * one shape; where there is none, all tensors that every checkpoint has with one shape.
 *
 * @param checkpoints readable tensors of each checkpoint
 */
export function describeTensors(checkpoints: readonly ReadonlyMap<string, DescribedTensor>[]): SeriesTensor[] {
  const [first = new Map<string, DescribedTensor>()] = checkpoints;
  const names = [...new Set(checkpoints.flatMap((tensors) => [...tensors.keys()]))].sort();
  const shared = names.filter((name) => {
    const shape = first.get(name)?.shape.join();
    return shape !== undefined && checkpoints.every((tensors) => tensors.get(name)?.shape.join() === shape);
  });
  const classes = classifyTensors(shared.map((name) => ({ name, shape: first.get(name)?.shape ?? null })));
  const matrices = shared.filter((name, at) => {
    const { shape, dtype } = first.get(name) ?? { shape: [], dtype: '' };
    const type = classes[at]?.type;
    return shape.length >= 2 && type !== 'buffer' && type !== 'quant' && !COUNTERS.has(dtype);
  });
  const measured = new Set(matrices.length > 0 ? matrices : shared);
  return names.map((name) => ({ name, isMeasured: measured.has(name) }));
}
