import { startSeries } from '../../src/series/accumulator.ts';
import { finishSeries } from '../../src/series/result.ts';
import type { SeriesResult } from '../../src/series/types.ts';

/** What a test says of a series; the rest is made up, always the same way. */
export interface SeriesSketch {
  readonly names: readonly string[];
  readonly steps: number;
  /** Relative step of a tensor, by its row and the step from 1 on. 0 is no change, NaN no size. */
  readonly size?: (row: number, step: number) => number;
  /** NaN of a tensor in the checkpoint that a step leads to. */
  readonly nan?: (row: number, step: number) => number;
  readonly checkpoint?: (index: number) => string;
}

/** A series by hand, whose events and verdict are those of the package. Every tensor is measured, and has norm 1 at the start. */
export function buildSeries(sketch: SeriesSketch): SeriesResult {
  const { names, steps: count, size = () => 0.01, nan = () => 0, checkpoint = (index) => `step-${index}` } = sketch;
  const series = startSeries(
    names.map((name, number) => ({ name, number, isMeasured: true })),
    count,
  );
  const { tensors, steps } = series;
  tensors.startNonfinite.fill(0);
  const rows = names.map((_, row) => row);
  for (let step = 1; step <= count; step += 1) {
    for (const row of rows) {
      const at = row * count + step - 1;
      const own = size(row, step);
      const before = step === 1 ? 0 : (tensors.distance[at - 1] ?? 0);
      tensors.stepSize[at] = own;
      tensors.relativeStep[at] = own;
      tensors.distance[at] = Math.hypot(before || 0, own || 0);
      tensors.relativeDistance[at] = tensors.distance[at] ?? 0;
      tensors.normGrowth[at] = 1 + (tensors.distance[at] ?? 0) ** 2 / 2;
      tensors.straightness[at] = 0.5;
      tensors.nonfinite[at] = nan(row, step);
      tensors.identical[at] = own === 0 ? 1 : 0;
      tensors.changedElements[at] = own === 0 ? 0 : 8;
    }
    const mean = (column: Float64Array): number =>
      Math.sqrt(rows.reduce((sum, row) => sum + (column[row * count + step - 1] || 0) ** 2, 0) / Math.max(1, rows.length));
    const broken = rows.reduce((sum, row) => sum + nan(row, step), 0);
    const distance = mean(tensors.distance);
    const changed = rows.filter((row) => tensors.identical[row * count + step - 1] === 0).length;
    steps.push({
      ...{
        step,
        stepSize: mean(tensors.stepSize),
        relativeStep: mean(tensors.relativeStep),
        distance,
        relativeDistance: distance,
      },
      ...{ pathLength: distance * 2, straightness: broken > 0 ? null : 0.5 },
      ...{ stepCosine: step === 1 ? null : 0.2, wayCosine: step === 1 ? null : 0.3, roundingCosine: step === 1 ? null : 0 },
      ...{ norm: mean(tensors.normGrowth), normGrowth: mean(tensors.normGrowth) },
      ...{ changedElements: changed * 8, totalElements: names.length * 10, nan: broken, inf: 0 },
      nonfiniteTensors: rows.filter((row) => nan(row, step) > 0).length,
      ...{ comparedTensors: names.length, changedTensors: changed },
      ...{ addedTensors: 0, removedTensors: 0, reshapedTensors: 0, failedTensors: 0 },
    });
  }
  const checkpoints = Array.from({ length: count + 1 }, (_, index) => ({
    name: checkpoint(index),
    path: `/${checkpoint(index)}`,
    format: 'safetensors' as const,
    ...{ tensors: names.length, parameters: names.length * 10, sizeBytes: names.length * 40, findings: [], nameChanges: [] },
  }));
  return finishSeries(series, checkpoints);
}

/** The names of a small model, block by block. */
export function nameModel(blocks: number): string[] {
  const parts = [
    'input_layernorm',
    'self_attn.q_proj',
    'self_attn.k_proj',
    'self_attn.v_proj',
    'self_attn.o_proj',
    'mlp.up_proj',
    'mlp.down_proj',
  ];
  const inBlocks = Array.from({ length: blocks }, (_, block) => parts.map((part) => `model.layers.${block}.${part}.weight`));
  return ['lm_head.weight', 'model.embed_tokens.weight', ...inBlocks.flat(), 'model.norm.weight'].sort();
}
