import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import type { RoundingColumns, TensorColumns } from '../comparison/columns.ts';
import { Comparison } from '../comparison/comparison.ts';
import type { ProbeMetrics } from '../comparison/metrics.ts';
import type { Provenance } from '../comparison/provenance.ts';
import { spellPlace } from '../wording/address.ts';
import { summarize } from '../comparison/summary.ts';
import type { Manifest } from '../comparison/manifest.ts';
import type { MatchedNames } from '../names/match.ts';
import type { Compared } from '../native/binding.ts';
import { checkOptions } from '../options.ts';
import { TOOL } from '../tool.ts';
import { buildColumns } from './build-columns.ts';
import { compareAllConfigs, listUnconfigured } from './config-diff.ts';
import { buildHistogram } from './histogram.ts';
import { type CheckpointInput, describeSides, isInMemory, isManifest } from './inputs.ts';
import { compareLeftOut } from './left-out.ts';
import { findMovedBlocks } from './moved-blocks.ts';
import { COMPARE_OPTIONS, type CompareOptions, keepOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { type OpenSides, withSides, withTranslated } from './open-sides.ts';
import type { Plan } from './plan.ts';
import { planTensors } from './plan-tensors.ts';
import { rememberStatistics } from './remember-statistics.ts';
import { describeResized } from './resized.ts';
import { buildRounding } from './rounding.ts';
import { runDiff } from './run-diff.ts';
import { runProbes } from './run-probes.ts';

/**
 * Compares two checkpoints, tensor by tensor, in one pass over both. A tensor that cannot be read does not end the run: its row carries
 * an `error`. Checkpoints that share no name give a comparison with `coverage` 0.
 *
 * A manifest of hashes stands for a checkpoint too, as its path or as `readManifest` gives it: then tensors are compared by their hashes,
 * which tell whether they differ and not by how much.
 *
 * @param old a path, an open checkpoint (which stays open), tensors in memory by name (which are copied), or a manifest
 * @throws `ModelDiffError` for what cannot be opened, changes meanwhile, or is asked for wrongly; `signal.reason` after an abort.
 *
 * @example
 * const comparison = await compare('base/', 'tuned/');
 * console.log(analyze(comparison).summary.verdict);
 */
export async function compare(
  old: CheckpointInput | Manifest,
  newer: CheckpointInput | Manifest,
  options: CompareOptions = {},
): Promise<Comparison> {
  checkOptions(options, COMPARE_OPTIONS, 'compare');
  const resolved = resolveOptions(options);
  if (isManifest(old) || isManifest(newer)) {
    const { compareWithManifest } = await import('./hashes/compare-with-manifest.ts');
    return compareWithManifest({ old, new: newer }, resolved, options);
  }
  return withSides({ old, new: newer }, options, resolved, (sides) => compareSides(sides, resolved, options));
}

/** {@link compare} for checkpoints that are open, with options that are checked. */
export async function compareOpen(
  old: Checkpoint,
  newer: Checkpoint,
  options: ResolvedOptions,
  run: RunOptions & Pick<CompareOptions, 'provenance'>,
): Promise<Comparison> {
  return withTranslated(old, newer, options, run, (sides) => compareSides(sides, options, run));
}

/**
 * {@link compare} for sides that can be matched.
 * @param measure the first pass over the items of the plan; what was measured elsewhere may stand in its place
 */
export async function compareSides(
  { old, new: newer, changes, findings, keys }: OpenSides,
  options: ResolvedOptions,
  { provenance = true, signal, onProgress }: RunOptions & Pick<CompareOptions, 'provenance'>,
  measure: typeof runDiff = runDiff,
): Promise<Comparison> {
  const run = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const { names, plan, result, columns } = await compareTensors(old, newer, options, run, measure);
  if (options.computeElementWise) rememberStatistics(plan, old, newer, result.columns);
  const total = ({ table, numParameters }: Checkpoint): { tensors: number; elements: number } => ({
    tensors: table.names.length,
    elements: numParameters,
  });
  return Comparison.from({
    columns,
    summary: summarize(columns, {
      ...options,
      old: total(old),
      new: total(newer),
      configChanges: compareAllConfigs(old, newer),
      unconfigured: listUnconfigured(old, newer),
      leftOut: await compareLeftOut(old, newer, run),
      nameChanges: [...changes, ...names.changes],
      resized: describeResized(plan, old, newer, result.columns, options.computeElementWise),
      mergedAdapters: (['old', 'new'] as const).filter((side) =>
        (side === 'old' ? old : newer).findings.some(({ code }) => code === 'AdapterMerged'),
      ),
      movedBlocks: options.probes ? await findMovedBlocks(plan, old, newer, columns, options, run) : [],
    }),
    ...describeSides(old, newer, columns, { unused: names.unused, keys, findings }),
    options: keepOptions(options),
    provenance: provenance === false ? null : describeOrigin(old, newer, provenance === true ? null : provenance.command),
  });
}

/** What a pass over both sides has found. */
interface ComparedTensors {
  readonly names: MatchedNames;
  readonly plan: Plan;
  readonly result: Compared;
  readonly columns: TensorColumns;
}

/** The tensors alone, without totals and without what lies beside them. */
async function compareTensors(
  old: Checkpoint,
  newer: Checkpoint,
  options: ResolvedOptions,
  run: RunOptions,
  measure: typeof runDiff,
): Promise<ComparedTensors> {
  const { names, plan } = planTensors(old, newer, options);
  const result = await measure([old, newer], plan.items, options, run);
  const measured = buildColumns(plan, old, newer, result.columns, options);
  const probes = options.probes ? await runProbes(plan, old, newer, measured, { ...run, threads: options.threads }) : undefined;
  return { names, plan, result, columns: completeColumns(plan, result, measured, probes, options) };
}

function completeColumns(
  plan: Plan,
  result: Compared,
  measured: TensorColumns,
  probes: ProbeMetrics<Float64Array> | undefined,
  options: ResolvedOptions,
): TensorColumns {
  let rounding: RoundingColumns | undefined;
  return {
    ...measured,
    // Solved when an analysis asks, as rows are made when somebody lists them: in a short run that is a tenth of the time.
    get rounding() {
      return (rounding ??= buildRounding(plan, result, measured));
    },
    ...(options.histogram !== 'none' && { histogram: buildHistogram(plan, result, measured.errors) }),
    ...(probes !== undefined && { probes }),
  };
}

/** Where a result over two checkpoints comes from. */
export function describeOrigin(old: Checkpoint, newer: Checkpoint, command: string | null): Provenance {
  const place = (checkpoint: Checkpoint): string | null => (isInMemory(checkpoint) ? null : spellPlace(checkpoint.path));
  return { version: TOOL.version, created: new Date().toISOString(), old: place(old), new: place(newer), command };
}
