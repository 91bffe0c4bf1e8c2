import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { RUN_OPTIONS } from '../checkpoint/load.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import { compare, compareOpen } from '../compare/compare.ts';
import { DIFF_OPTIONS, type DiffConfig, type ResolvedOptions, resolveOptions } from '../compare/options.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { checkRows } from '../comparison/from-rows.ts';
import type { LayerDiff } from './layer-diff.ts';
import type { ParameterDiff } from '../comparison/rows.ts';
import { argumentError } from '../errors.ts';
import { layerName } from '../names/layer-name.ts';
import { checkOptions, spell } from '../options.ts';

/**
 * Compares open checkpoints, as `compare` does.
 *
 * @example
 * const { diffs, summary } = await new ModelDiff({ topKLayers: 5 }).diff(base, tuned);
 */
export class ModelDiff {
  readonly #options: ResolvedOptions;

  /** @throws `ModelDiffError` of kind `Argument` for an option that makes no sense. */
  constructor(config: DiffConfig = {}) {
    checkOptions(config, DIFF_OPTIONS, 'ModelDiff');
    this.#options = resolveOptions(config);
  }

  /** @throws as `compare`. */
  async diff(old: Checkpoint, newer: Checkpoint, run: RunOptions = {}): Promise<Comparison> {
    for (const checkpoint of [old, newer]) {
      if (!(checkpoint instanceof Checkpoint)) {
        throw argumentError(
          `diff takes two open checkpoints, not ${spell(checkpoint)}`,
          'open a path with loadCheckpoint first, or use compare',
        );
      }
    }
    checkOptions(run, RUN_OPTIONS, 'diff');
    return compareOpen(old, newer, this.#options, run);
  }

  /** Differences by layer: the tensors that share a name up to its last segment. */
  getLayerDiffs(diffs: readonly ParameterDiff[]): Map<string, LayerDiff> {
    checkRows(diffs, 'getLayerDiffs');
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
    const weigh = (diff: ParameterDiff): number => (this.#options.normalizeBySize ? diff.totalElements : 1);
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

/** Opens two checkpoints, compares them and closes them again: `compare` with the options of the run apart. */
export async function compareCheckpoints(
  oldPath: string,
  newPath: string,
  config: DiffConfig = {},
  run: RunOptions = {},
): Promise<Comparison> {
  checkOptions(config, DIFF_OPTIONS, 'compareCheckpoints');
  checkOptions(run, RUN_OPTIONS, 'compareCheckpoints');
  return compare(oldPath, newPath, { ...config, ...run });
}
