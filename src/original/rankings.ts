import { layerName } from '../names/layer-name.ts';
import { compareCodeUnits } from '../names/order.ts';
import type { ParameterDiff } from '../comparison/rows.ts';
import { sum } from '../analysis/statistics.ts';

/** Modified tensors, the largest relative change first, ties by name. A tensor that was zero counts with its symmetric change. */
export function rankParameters(diffs: readonly ParameterDiff[], topK: number): ParameterDiff[] {
  const modified = diffs.filter((diff) => diff.changeType === 'modified');
  return modified.sort((a, b) => sizeOf(b) - sizeOf(a) || compareCodeUnits(a.name, b.name)).slice(0, Math.max(0, topK));
}

/** Layers with the sum of the relative changes of their modified tensors, largest first, ties by name. */
export function rankLayers(diffs: readonly ParameterDiff[]): [string, number][] {
  const changes = new Map<string, number[]>();
  for (const diff of diffs) {
    if (diff.changeType !== 'modified') continue;
    const layer = layerName(diff.name);
    const sizes = changes.get(layer) ?? [];
    changes.set(layer, sizes);
    sizes.push(Math.max(0, sizeOf(diff)));
  }
  return [...changes]
    .map(([layer, sizes]): [string, number] => [layer, sum(sizes)])
    .sort(([a, m], [b, n]) => n - m || compareCodeUnits(a, b));
}

function sizeOf(diff: ParameterDiff): number {
  const size = diff.relativeChange ?? diff.symmetricChange ?? -1;
  return Number.isNaN(size) ? -1 : size;
}
