import type { Analysis } from '../../src/analysis/types.ts';
import type { TensorInfo } from '../../src/checkpoint/types.ts';
import type { ChangeType } from '../../src/comparison/columns.ts';
import { Comparison } from '../../src/comparison/comparison.ts';
import type { ParameterDiff } from '../../src/comparison/rows.ts';
import type { RuleResult } from '../../src/rules/types.ts';
import type { DiffSummary } from '../../src/comparison/summary.ts';
import { prepareReport, type Report } from '../../src/report/report.ts';

/** What a test says of one tensor; the rest is made up, always the same way. */
export interface TensorSketch {
  readonly name: string;
  readonly type?: ChangeType;
  /** Relative change. */
  readonly change?: number | null;
  readonly shape?: readonly number[];
  readonly newShape?: readonly number[];
  readonly dtype?: string;
  readonly newDtype?: string;
  readonly nanNew?: number;
  readonly layerType?: ParameterDiff['layerType'];
  readonly depth?: number | null;
  readonly error?: string;
}

/** A comparison by hand and what was found in it. */
export interface BuiltResult {
  readonly comparison: Comparison;
  readonly analysis: Analysis;
  readonly rules?: readonly RuleResult[];
}

/** What the writers take. */
export function prepare({ comparison, analysis, rules }: BuiltResult, oldName = 'base', newName = 'tuned'): Report {
  return prepareReport(comparison, analysis, { oldName, newName, rules });
}

/** The same result with other totals, other findings, or unchanged tensors in its list. */
export function alter(
  { comparison, analysis }: BuiltResult,
  other: {
    readonly summary?: Partial<DiffSummary>;
    readonly analysis?: Partial<Analysis>;
    readonly listsUnchanged?: boolean;
  },
): BuiltResult {
  return {
    comparison: Comparison.from({
      ...comparison,
      summary: { ...comparison.summary, ...other.summary },
      options: { ...comparison.options, includeUnchanged: other.listsUnchanged ?? comparison.options.includeUnchanged },
    }),
    analysis: { ...analysis, ...other.analysis },
  };
}

export function buildDiff(sketch: TensorSketch): ParameterDiff {
  const { name, type = 'modified', error = null, layerType = 'other', depth = null, nanNew = 0 } = sketch;
  const compared = (type === 'modified' || type === 'unchanged') && error === null;
  const change = type === 'unchanged' ? 0 : sketch.change === undefined ? 0.01 : sketch.change;
  const oldInfo = type === 'added' ? null : buildInfo(name, sketch.shape ?? [8, 4], sketch.dtype ?? 'f32');
  const newInfo =
    type === 'removed'
      ? null
      : buildInfo(name, sketch.newShape ?? sketch.shape ?? [8, 4], sketch.newDtype ?? sketch.dtype ?? 'f32', nanNew);
  const number = (value: number): number | null => (compared ? value : null);
  const relative = change ?? 0.5;
  const total = compared ? (oldInfo?.numElements ?? 0) : 0;
  return {
    name,
    changeType: type,
    l2Diff: number(relative * 3.3),
    l1Diff: number(relative * 17.1),
    maxDiff: number(relative / 3),
    meanDiff: number(relative === 0 ? 0 : relative / -7),
    cosineSim: number(1 - (relative * relative) / 2),
    oneMinusCos: number((relative * relative) / 2),
    relativeChange: compared ? change : null,
    symmetricChange: number(relative / (1 + relative / 10)),
    changedElements: number(type === 'unchanged' ? 0 : Math.ceil(total * 0.75)),
    totalElements: total,
    changeRatio: number(type === 'unchanged' || total === 0 ? 0 : Math.ceil(total * 0.75) / total),
    identical: type === 'unchanged',
    bitChanged: number(type === 'unchanged' ? 0 : Math.ceil(total * 0.8)),
    oldNorm: number(change === null ? 0 : 3.3),
    newNorm: number(3.4),
    nanOld: number(0),
    nanNew: number(nanNew),
    infOld: number(0),
    infNew: number(0),
    zerosOld: number(1),
    zerosNew: number(2),
    dtypeChanged: oldInfo !== null && newInfo !== null && oldInfo.dtype !== newInfo.dtype,
    oldInfo,
    newInfo,
    error,
    layerType,
    role: null,
    depth,
  };
}

function buildInfo(name: string, shape: readonly number[], dtype: string, nanCount = 0): TensorInfo {
  const numElements = shape.reduce((product, size) => product * size, 1);
  return {
    name,
    shape,
    dtype,
    numElements,
    sizeBytes: numElements * (dtype === 'bf16' ? 2 : 4),
    mean: 0.125,
    std: 0.02,
    min: -0.5,
    max: 0.75,
    sparsity: 0.03125,
    nanCount,
    infCount: 0,
    error: null,
  };
}

/** A whole result; only what changed is listed, as by default. */
export function buildResult(sketches: readonly TensorSketch[], analysis: Partial<Analysis> = {}): BuiltResult {
  const all = sketches.map(buildDiff);
  const comparison = Comparison.fromRows(all, {
    configChanges: [
      { key: 'torch_dtype', old: 'float32', new: 'bfloat16' },
      { key: 'rope_scaling.factor', old: undefined, new: 8 },
    ],
  });
  const { summary } = comparison;
  const changed = summary.changedElements ?? 0;
  const modified = all.filter((diff) => diff.changeType === 'modified');
  const types = groupByType(modified);
  const depths = new Map<number, number>();
  for (const diff of modified)
    if (diff.depth !== null) depths.set(diff.depth, Math.max(depths.get(diff.depth) ?? 0, diff.relativeChange ?? 0));
  return {
    comparison,
    analysis: {
      changePattern: 'inverse_gradient',
      pattern: {
        pattern: 'inverse_gradient',
        confidence: 0.91,
        ambiguous: false,
        identical: false,
        probabilities: [
          ['inverse_gradient', 0.91],
          ['uniform', 0.06],
        ],
        evidence: { slope: 1.25, tauDepth: 0.9 },
      },
      layerAnalysis: Object.fromEntries(
        [...types].map(([layerType, diffs]) => [
          layerType,
          {
            layerType,
            count: diffs.length,
            totalChange: diffs.reduce((sum, diff) => sum + (diff.relativeChange ?? 0), 0),
            avgChange: diffs.reduce((sum, diff) => sum + (diff.relativeChange ?? 0), 0) / diffs.length,
            maxChange: diffs.reduce((largest, diff) => Math.max(largest, diff.relativeChange ?? 0), 0),
            layers: diffs.map((diff) => diff.name),
          },
        ]),
      ),
      insights: [
        {
          code: 'types_changed',
          category: 'training_dynamics',
          title: 'Later blocks changed more',
          description:
            'The last third of the blocks changed 2.4 times as much as the first third, as fine-tuning with a frozen or slow bottom does.',
          severity: 'info',
          evidence: { fold: 2.4, tauDepth: 0.9, blocks: 12 },
          confidence: 0.91,
        },
        {
          code: 'directions_changed',
          category: 'stability',
          title: 'Cosine similarity fell below 0.9',
          description:
            'In 3 of 48 matrices the direction changed, and not the length alone: model.layers.11.mlp.down_proj.weight most.',
          severity: 'warning',
          evidence: { matrices: 3, of: 48, worst: 'model.layers.11.mlp.down_proj.weight' },
        },
      ],
      explanations: [
        {
          code: 'changed',
          sentence: 'every matrix changed, the last ones most (0.6% to 3.1%)',
          share: 1,
          tensors: modified.map((diff) => all.indexOf(diff)),
          evidence: { change: 0.031, least: 0.006, most: 0.031, everything: true },
        },
      ],
      summary: {
        verdict: 'Every matrix changed, the last ones most (0.6% to 3.1%).',
        band: 'standard',
        change: 0.031,
        cosine: 0.9995,
        unchangedShare: summary.totalElements === 0 ? null : 1 - changed / summary.totalElements,
        expectedUnchangedShare: 0.21,
        unclassified: [],
        tensors: {
          unchanged: summary.unchangedTensors,
          modified: summary.modifiedTensors,
          added: summary.addedTensors,
          removed: summary.removedTensors,
          shape_changed: summary.reshapedTensors,
          failed: summary.failedTensors,
          identical: summary.identicalTensors,
        },
      },
      depthProfile: [...depths].sort((a, b) => a[0] - b[0]).map(([depth, change]) => ({ stack: 'model.layers', depth, change })),
      ...analysis,
    },
  };
}

function groupByType(diffs: readonly ParameterDiff[]): Map<string, ParameterDiff[]> {
  const groups = new Map<string, ParameterDiff[]>();
  for (const diff of diffs) {
    const group = groups.get(diff.layerType);
    if (group === undefined) groups.set(diff.layerType, [diff]);
    else group.push(diff);
  }
  return groups;
}

/** A small decoder that was fine-tuned: every kind of row, 12 blocks. */
export function buildModel(blocks: number = 12): BuiltResult {
  const sketches: TensorSketch[] = [
    { name: 'model.embed_tokens.weight', change: 0.004, shape: [512, 64], dtype: 'bf16', layerType: 'embedding' },
  ];
  for (let depth = 0; depth < blocks; depth += 1) {
    const grown = 0.006 + 0.03 * (depth / blocks) ** 2;
    const block = `model.layers.${depth}`;
    for (const [index, role] of ['q_proj', 'k_proj', 'v_proj', 'o_proj'].entries()) {
      sketches.push({
        name: `${block}.self_attn.${role}.weight`,
        change: grown * (1 + index / 10),
        shape: [64, 64],
        dtype: 'bf16',
        layerType: 'attention',
        depth,
      });
    }
    for (const [index, role] of ['gate_proj', 'up_proj', 'down_proj'].entries()) {
      sketches.push({
        name: `${block}.mlp.${role}.weight`,
        change: grown * (0.7 + index / 8),
        shape: [64, 172],
        dtype: 'bf16',
        layerType: 'mlp',
        depth,
      });
    }
    sketches.push({
      name: `${block}.input_layernorm.weight`,
      type: 'unchanged',
      shape: [64],
      dtype: 'bf16',
      layerType: 'norm',
      depth,
    });
  }
  sketches.push(
    { name: 'model.norm.weight', change: 8.8e-5, shape: [64], dtype: 'bf16', newDtype: 'f32', layerType: 'norm' },
    { name: 'lm_head.weight', type: 'shape_changed', shape: [512, 64], newShape: [520, 64], dtype: 'bf16', layerType: 'output' },
    { name: 'model.extra.weight', type: 'added', shape: [3], dtype: 'f32' },
    { name: 'model.rotary.inv_freq', type: 'removed', shape: [16], dtype: 'f32', layerType: 'buffer' },
  );
  return buildResult(sketches);
}
