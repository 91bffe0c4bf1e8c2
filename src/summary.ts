import type { Checkpoint } from './checkpoint.ts';
import { compareAllConfigs } from './config-changes.ts';
import type { ResolvedConfig } from './config.ts';
import { layerName } from './layer-name.ts';
import { compareCodeUnits } from './plan.ts';
import { selectFirst } from './select-first.ts';
import { CHANGE_TYPES } from './types.ts';
import type { ChangeType, DiffSummary, NameChange, TensorColumns } from './types.ts';

/** Totals over every tensor of the columns. */
export function summarize(
  columns: TensorColumns,
  old: Checkpoint,
  newer: Checkpoint,
  config: ResolvedConfig,
  nameChanges: readonly NameChange[],
): DiffSummary {
  const counts: Record<ChangeType, number> = { unchanged: 0, modified: 0, added: 0, removed: 0, shape_changed: 0 };
  const cosine = { sum: 0, weight: 0 };
  let totalElements = 0;
  let changedElements = 0;
  let totalL2Diff = 0;
  let identicalParameters = 0;
  for (let row = 0; row < columns.names.length; row += 1) {
    if (columns.errors.has(row)) continue;
    const type = CHANGE_TYPES[columns.changeType[row] ?? 0] ?? 'unchanged';
    counts[type]++;
    identicalParameters += columns.identical[row] ?? 0;
    if (type !== 'unchanged' && type !== 'modified') continue;
    const elements = columns.totalElements[row] ?? 0;
    totalElements += elements;
    const changed = columns.changedElements[row] ?? Number.NaN;
    if (Number.isFinite(changed)) changedElements += changed;
    const l2 = columns.l2Diff[row] ?? Number.NaN;
    if (Number.isFinite(l2)) totalL2Diff += l2;
    const similarity = columns.cosineSim[row] ?? Number.NaN;
    if (type === 'modified' && Number.isFinite(similarity)) {
      const weight = config.normalizeBySize ? elements : 1;
      cosine.sum += similarity * weight;
      cosine.weight += weight;
    }
  }
  const layers = measureLayers(columns);
  return {
    totalParametersOld: old.numParameters,
    totalParametersNew: newer.numParameters,
    addedParameters: counts.added,
    removedParameters: counts.removed,
    modifiedParameters: counts.modified + counts.shape_changed,
    unchangedParameters: counts.unchanged,
    identicalParameters,
    failedParameters: columns.errors.size,
    totalElements,
    changedElements: config.computeElementWise ? changedElements : null,
    totalL2Diff,
    avgCosineSimilarity: cosine.weight === 0 ? 1 : cosine.sum / cosine.weight,
    mostChangedLayers: selectFirst(
      layers.filter(([, change]) => change > 0),
      config.topKLayers,
      byChange,
    ),
    leastChangedLayers: selectFirst(layers, config.topKLayers, (a, b) => byChange(b, a)),
    configChanges: compareAllConfigs(old, newer),
    ...(nameChanges.length === 0 ? {} : { nameChanges }),
    tensors: columns,
  };
}

/** Layers with their change R = sqrt(sum d^2 / sum max(old^2, new^2)). */
function measureLayers(columns: TensorColumns): Layer[] {
  const sums = new Map<string, { change: number; size: number }>();
  for (let row = 0; row < columns.names.length; row += 1) {
    const l2 = columns.l2Diff[row] ?? Number.NaN;
    const norm = Math.max(columns.old.norm[row] ?? 0, columns.new.norm[row] ?? 0);
    if (!Number.isFinite(l2) || !Number.isFinite(norm)) continue;
    const layer = layerName(columns.names[row] ?? '');
    const sum = sums.get(layer);
    if (sum === undefined) {
      sums.set(layer, { change: l2 ** 2, size: norm ** 2 });
    } else {
      sum.change += l2 ** 2;
      sum.size += norm ** 2;
    }
  }
  return Array.from(sums, ([name, { change, size }]) => [name, size === 0 ? 0 : Math.sqrt(change / size)]);
}

type Layer = readonly [name: string, change: number];

/** Most changed first, equal ones by name. */
function byChange(a: Layer, b: Layer): number {
  return b[1] - a[1] || compareCodeUnits(a[0], b[0]);
}
