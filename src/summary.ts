import type { Checkpoint } from './checkpoint.ts';
import { compareAllConfigs } from './config-changes.ts';
import type { ResolvedConfig } from './config.ts';
import { layerName } from './layer-name.ts';
import { compareCodeUnits } from './plan.ts';
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
  for (const [row, code] of columns.changeType.entries()) {
    if (columns.errors.has(row)) continue;
    const type = CHANGE_TYPES[code] ?? 'unchanged';
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
  const layers = rankLayers(columns);
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
    mostChangedLayers: layers.filter(([, change]) => change > 0).slice(0, config.topKLayers),
    leastChangedLayers: layers.toReversed().slice(0, config.topKLayers),
    configChanges: compareAllConfigs(old, newer),
    ...(nameChanges.length === 0 ? {} : { nameChanges }),
    tensors: columns,
  };
}

/** Layers with their change R = sqrt(sum d^2 / sum max(old^2, new^2)), most changed first, equal ones by name. */
function rankLayers(columns: TensorColumns): (readonly [string, number])[] {
  const sums = new Map<string, { change: number; size: number }>();
  for (const [row, name] of columns.names.entries()) {
    const l2 = columns.l2Diff[row] ?? Number.NaN;
    const norm = Math.max(columns.old.norm[row] ?? 0, columns.new.norm[row] ?? 0);
    if (!Number.isFinite(l2) || !Number.isFinite(norm)) continue;
    const layer = layerName(name);
    const sum = sums.get(layer) ?? { change: 0, size: 0 };
    sums.set(layer, { change: sum.change + l2 ** 2, size: sum.size + norm ** 2 });
  }
  const changes = [...sums].map(([name, { change, size }]) => [name, size === 0 ? 0 : Math.sqrt(change / size)] as const);
  return changes.sort((a, b) => b[1] - a[1] || compareCodeUnits(a[0], b[0]));
}
