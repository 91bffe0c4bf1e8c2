import { listModules } from '../modules.ts';
import type { Report } from '../report.ts';
import { FlatMetrics } from './flat.ts';

/** Modules that have numbers of their own, those that changed most, and blocks. A tracker draws a chart for each. */
const MOST_MODULES = 100;
const MOST_BLOCKS = 1000;

/** The numbers of a comparison as flat JSON for experiment trackers, in pieces. `change` is the verdict's number. */
export function writeMetrics({ columns, summary, analysis, old, new: fresh }: Report): Iterable<string> {
  const metrics = new FlatMetrics();
  const { expectedUnchangedShare } = analysis.summary;
  // Of weights that are stored as codes nobody knows how much they changed.
  const hasCodes = analysis.explanations.some(({ code }) => code === 'codes');
  const { change, cosine } = hasCodes ? { change: null, cosine: null } : analysis.summary;
  for (const [name, value] of Object.entries({
    change,
    cosine,
    cosine_min: summary.oneMinusCosMax === null ? null : 1 - summary.oneMinusCosMax,
    relative_change_median: summary.relativeChange?.median,
    relative_change_p99: summary.relativeChange?.p99,
    relative_change_max: summary.relativeChange?.max,
    changed_tensors: summary.modifiedTensors,
    unchanged_tensors: summary.unchangedTensors,
    identical_tensors: summary.identicalTensors,
    added_tensors: summary.addedTensors,
    removed_tensors: summary.removedTensors,
    reshaped_tensors: summary.reshapedTensors,
    dtype_changed_tensors: summary.dtypeChangedTensors,
    failed_tensors: summary.failedTensors,
    compared_tensors: summary.comparedTensors,
    changed_elements: summary.changedElements,
    total_elements: summary.totalElements,
    changed_share: summary.changedElements === null ? null : summary.changedElements / summary.totalElements,
    expected_unchanged_share: expectedUnchangedShare,
    coverage: summary.coverage,
    nonfinite_old: old.nonfinite,
    nonfinite_new: fresh.nonfinite,
    config_changes: summary.configChanges.length,
  }))
    metrics.put(name, value);
  for (const module of listModules(columns).slice(0, MOST_MODULES)) {
    metrics.put(['module', module.name, 'change'], module.change);
    metrics.put(['module', module.name, 'changed_tensors'], module.changed);
  }
  for (const { stack, depth, change: own } of analysis.depthProfile.slice(0, MOST_BLOCKS))
    metrics.put(['block', `${stack}.${depth}`, 'change'], own);
  return metrics.write();
}
