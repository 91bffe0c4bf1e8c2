import type { ParameterDiff } from '../types.ts';
import { sum } from './statistics.ts';

/** Modified tensors, the largest relative change first, ties by name. A tensor that was zero counts with its symmetric change. */
export function rankParameters(diffs: readonly ParameterDiff[], topK: number): ParameterDiff[] {
  const modified = diffs.filter((diff) => diff.changeType === 'modified');
  return modified.sort((a, b) => sizeOf(b) - sizeOf(a) || compareNames(a.name, b.name)).slice(0, Math.max(0, topK));
}

/** Layers with the sum of the relative changes of their modified tensors, largest first, ties by name. */
export function rankLayers(diffs: readonly ParameterDiff[]): [string, number][] {
  const changes = new Map<string, number[]>();
  for (const diff of diffs) {
    if (diff.changeType !== 'modified') continue;
    const layer = layerOf(diff.name);
    const sizes = changes.get(layer) ?? [];
    changes.set(layer, sizes);
    sizes.push(Math.max(0, sizeOf(diff)));
  }
  return [...changes]
    .map(([layer, sizes]): [string, number] => [layer, sum(sizes)])
    .sort(([a, m], [b, n]) => n - m || compareNames(a, b));
}

/** The tensor's name without its last segment. */
function layerOf(name: string): string {
  const end = name.lastIndexOf('.');
  return end < 0 ? name : name.slice(0, end);
}

function sizeOf(diff: ParameterDiff): number {
  const size = diff.relativeChange ?? diff.symmetricChange ?? -1;
  return Number.isNaN(size) ? -1 : size;
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
