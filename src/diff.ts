import { linkColumns } from './analysis/linked-columns.ts';
import { Checkpoint, loadCheckpoint } from './checkpoint.ts';
import { buildColumns } from './columns.ts';
import { resolveConfig } from './config.ts';
import type { ResolvedConfig } from './config.ts';
import { argumentError } from './errors.ts';
import { buildHistogram } from './histogram-columns.ts';
import { layerName } from './layer-name.ts';
import { binding, runJob } from './native.ts';
import { listDiffs } from './parameter-diff.ts';
import { planDiff } from './plan.ts';
import { rememberStatistics } from './remember-statistics.ts';
import { matchNames } from './rename.ts';
import { describeResized } from './resized.ts';
import { buildRounding } from './rounding-columns.ts';
import { summarize } from './summary.ts';
import { CHANGE_TYPES } from './types.ts';
import type { DiffConfig, DiffResult, LayerDiff, ParameterDiff, RoundingColumns, RunOptions, TensorColumns } from './types.ts';

/**
 * Compares checkpoints, tensor by tensor.
 *
 * @example
 * const { diffs, summary } = await new ModelDiff({ topKLayers: 5 }).diff(base, tuned);
 */
export class ModelDiff {
  readonly #config: ResolvedConfig;

  /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense. */
  constructor(config: DiffConfig = {}) {
    this.#config = resolveConfig(config);
  }

  /**
   * One pass over both checkpoints. A tensor that cannot be read does not end the run: its row carries an `error`.
   *
   * @throws `ModelDiffError` when a file changes meanwhile or `include` selects nothing; `signal.reason` after an abort.
   */
  async diff(old: Checkpoint, newer: Checkpoint, run: RunOptions = {}): Promise<DiffResult> {
    for (const checkpoint of [old, newer]) {
      if (!(checkpoint instanceof Checkpoint)) {
        throw argumentError(
          `diff compares two checkpoints, not ${typeof checkpoint}`,
          'open a path with loadCheckpoint first, or use compareCheckpoints',
        );
      }
    }
    const config = this.#config;
    const names = matchNames(old.table.names, newer.table.names, config.names);
    const plan = planDiff(old, newer, names, config.selects);
    if (plan.names.length === 0 && old.table.names.length + newer.table.names.length > 0) {
      throw argumentError('include and exclude leave no tensor to compare', 'model-diff inspect lists the names');
    }
    const options = {
      threads: config.threads,
      threshold: config.changeThreshold,
      elementWise: config.computeElementWise,
      double: config.precision === 'double',
      histogram: config.histogram,
    };
    const result = await runJob('compare', run, (control) =>
      binding().diff(old.native, newer.native, plan.items, options, control),
    );
    const measured = buildColumns(plan, old, newer, result.columns, config);
    let rounding: RoundingColumns | undefined;
    const columns = {
      ...measured,
      // Solved when an analysis asks, as the rows are listed when somebody does: in a short run that is a tenth of the time.
      get rounding() {
        return (rounding ??= buildRounding(plan, result, measured));
      },
      ...(config.histogram === 'none' ? {} : { histogram: buildHistogram(plan, result, measured.errors) }),
    };
    const resized = describeResized(plan, old, newer, result.columns, config.computeElementWise);
    if (config.computeElementWise) rememberStatistics(plan, old, newer, result.columns);
    let diffs: ParameterDiff[] | undefined;
    return {
      // Listed when somebody asks: as objects, 100,000 rows take more time and memory than all that leads to them.
      get diffs() {
        return (diffs ??= listChanges(columns, config.includeUnchanged));
      },
      summary: {
        ...summarize(columns, old, newer, config, names.changes),
        ...(resized.length === 0 ? {} : { resized }),
      },
    };
  }

  /** Differences by layer: the tensors that share a name up to its last segment. */
  getLayerDiffs(diffs: readonly ParameterDiff[]): Map<string, LayerDiff> {
    const groups = new Map<string, ParameterDiff[]>();
    for (const diff of diffs) {
      const layer = layerName(diff.name);
      const group = groups.get(layer);
      if (group === undefined) groups.set(layer, [diff]);
      else group.push(diff);
    }
    return new Map([...groups].map(([name, parameters]) => [name, this.#describeLayer(name, parameters)]));
  }

  #describeLayer(name: string, parameters: readonly ParameterDiff[]): LayerDiff {
    const modified = parameters.filter((diff) => diff.changeType === 'modified' && diff.cosineSim !== null);
    const weigh = (diff: ParameterDiff): number => (this.#config.normalizeBySize ? diff.totalElements : 1);
    const weight = modified.reduce((sum, diff) => sum + weigh(diff), 0);
    return {
      name,
      parameters,
      totalL2Diff: parameters.reduce((sum, diff) => sum + (diff.l2Diff ?? 0), 0),
      avgCosineSim: weight === 0 ? 1 : modified.reduce((sum, diff) => sum + (diff.cosineSim ?? 0) * weigh(diff), 0) / weight,
      numChanges: parameters.filter((diff) => diff.changeType !== 'unchanged').length,
    };
  }
}

function listChanges(columns: TensorColumns, includeUnchanged: boolean): ParameterDiff[] {
  const isListed = (row: number): boolean =>
    includeUnchanged || columns.errors.has(row) || CHANGE_TYPES[columns.changeType[row] ?? 0] !== 'unchanged';
  const diffs = listDiffs(columns, [...columns.names.keys()].filter(isListed));
  linkColumns(diffs, columns);
  return diffs;
}

/**
 * Opens two checkpoints, compares them and closes them again.
 *
 * @throws as {@link loadCheckpoint} and {@link ModelDiff.diff}.
 */
export async function compareCheckpoints(
  oldPath: string,
  newPath: string,
  config: DiffConfig = {},
  run: RunOptions = {},
): Promise<DiffResult> {
  const model = new ModelDiff(config);
  const opened: Checkpoint[] = [];
  try {
    for (const path of [oldPath, newPath]) opened.push(await loadCheckpoint(path, run));
    const [old, newer] = opened as [Checkpoint, Checkpoint];
    return await model.diff(old, newer, run);
  } finally {
    for (const checkpoint of opened) checkpoint.close();
  }
}
