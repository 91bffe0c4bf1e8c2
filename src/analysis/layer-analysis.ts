import type { LayerAnalysis } from './types.ts';
import { groupChange } from './overall.ts';
import { sortRows } from './apart.ts';
import { mean, sum } from './statistics.ts';
import type { TensorRow } from './tensor-row.ts';

/** Types that are always listed. */
const ALWAYS: readonly string[] = ['attention', 'mlp', 'embedding', 'norm', 'output'];

/**
 * Change by layer type; positions count as embeddings here. All tensors are counted, and trained weights alone have sizes.
 * The object has no prototype: types may be named by users.
 */
export function analyzeTypes(rows: readonly TensorRow[], normalizeBySize = true): Record<string, LayerAnalysis> {
  const weights = new Set(sortRows(rows).weights);
  const groups = new Map<string, TensorRow[]>(ALWAYS.map((type) => [type, []]));
  for (const row of rows) {
    const type = row.class.type === 'position' ? 'embedding' : row.class.type;
    const group = groups.get(type);
    if (group === undefined) groups.set(type, [row]);
    else group.push(row);
  }
  const analysis = Object.create(null) as Record<string, LayerAnalysis>;
  for (const [type, group] of groups) analysis[type] = analyzeType(type, group, weights, normalizeBySize);
  return analysis;
}

function analyzeType(
  layerType: string,
  rows: readonly TensorRow[],
  weights: ReadonlySet<TensorRow>,
  normalizeBySize: boolean,
): LayerAnalysis {
  const compared = rows.filter((row) => row.isCompared && Number.isFinite(row.change) && weights.has(row));
  const modified = rows.filter((row) => row.changeType === 'modified' && row.error === null);
  const changes = modified
    .filter((row) => weights.has(row))
    .flatMap(({ relativeChange, change }) =>
      Number.isFinite(relativeChange) ? [relativeChange] : Number.isFinite(change) ? [change] : [],
    );
  const average = normalizeBySize ? groupChange(compared) : mean(compared.map((row) => row.change));
  return {
    layerType,
    count: modified.length,
    totalChange: sum(changes),
    avgChange: Number.isFinite(average) ? average : 0,
    maxChange: changes.reduce((largest, change) => Math.max(largest, change), 0),
    layers: modified.map((row) => row.name),
  };
}
