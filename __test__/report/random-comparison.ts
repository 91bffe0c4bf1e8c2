import { CHANGE_TYPES, Comparison } from 'model-diff';
import type { ChangeType, PartialRow, SideColumns, TensorInfo } from 'model-diff';
import { ROUNDING_SHAPES } from '../../src/comparison/columns.ts';
import { mapProbeMetrics } from '../../src/comparison/metrics.ts';
import { createRandom, type Random } from '../../benches/analysis/random.ts';
import { HOSTILE_NAMES } from './hostile.ts';

const DTYPES = ['f32', 'bf16', 'f16', 'i64', 'bool', '<b>odd'];

/** Rows of every kind there is: NaN, Inf, nothing finite, empty, 0-d, failed, one-sided, reshaped, converted, and names made to hurt. */
export function makeRandomRows(seed: number): PartialRow[] {
  const random = createRandom(seed);
  const count = random.pick([0, 1, 2, 12, 40]);
  const names = new Set<string>();
  const hostile = HOSTILE_NAMES.filter((name) => name.length < 1000);
  while (names.size < count) names.add(random.chance(0.15) ? random.pick(hostile) : makeName(random));
  return [...names].map((name) => makeRow(name, random));
}

function makeName(random: Random): string {
  const part = random.pick(['self_attn.q_proj', 'self_attn.k_proj', 'mlp.up_proj', 'mlp.down_proj', 'input_layernorm']);
  const block = `model.layers.${random.integer(0, 5)}.${part}.${random.pick(['weight', 'bias'])}`;
  return random.chance(0.9) ? block : random.pick(['model.embed_tokens.weight', 'lm_head.weight', 'odd.thing', 'logit_scale']);
}

function makeRow(name: string, random: Random): PartialRow {
  const changeType: ChangeType = random.chance(0.7) ? 'modified' : random.pick(CHANGE_TYPES);
  const shape = random.pick([[], [0, 4], [8], [16, 8], [64, 64], [3, 2, 2]]);
  const [oldDtype, newDtype] = random.chance(0.8) ? ['bf16', 'bf16'] : [random.pick(DTYPES), random.pick(DTYPES)];
  const error = random.chance(0.05) ? `cannot be read: ${name}` : null;
  const isCompared = (changeType === 'modified' || changeType === 'unchanged') && error === null;
  const elements = shape.reduce((product, size) => product * size, 1);
  const nanNew = random.chance(0.1) ? random.integer(1, Math.max(1, elements)) : 0;
  const identical = changeType === 'unchanged' && random.chance(0.7);
  const norm = random.chance(0.1) ? 0 : random.logUniform(1e-6, 1e3);
  const l2Diff = identical ? 0 : random.logUniform(1e-9, 10) * (norm === 0 ? 1 : norm);
  const known = (value: number): number | null => (isCompared && Number.isFinite(value) ? value : null);
  const oneMinusCos = identical ? 0 : random.logUniform(1e-12, 2);
  const changed = identical ? 0 : random.integer(0, elements);
  return {
    name,
    changeType,
    l2Diff: known(l2Diff),
    l1Diff: known(l2Diff * Math.sqrt(elements)),
    maxDiff: known(l2Diff / 2),
    meanDiff: known(random.gaussian() * l2Diff),
    cosineSim: known(1 - oneMinusCos),
    oneMinusCos: norm === 0 ? null : known(oneMinusCos),
    relativeChange: known(l2Diff / norm),
    symmetricChange: known(l2Diff / Math.max(norm, l2Diff)),
    changedElements: known(changed),
    totalElements: elements,
    identical,
    bitChanged: oldDtype === newDtype ? known(changed) : null,
    oldNorm: changeType === 'added' ? null : norm,
    newNorm: changeType === 'removed' ? null : Math.max(norm, l2Diff),
    nanOld: 0,
    nanNew,
    infOld: 0,
    infNew: random.chance(0.05) ? 1 : 0,
    zerosOld: 0,
    zerosNew: 1,
    dtypeChanged: changeType !== 'added' && changeType !== 'removed' && oldDtype !== newDtype,
    oldInfo: changeType === 'added' ? null : describe(name, shape, oldDtype, norm, 0, error),
    newInfo:
      changeType === 'removed'
        ? null
        : describe(name, changeType === 'shape_changed' ? [...shape, 2] : shape, newDtype, norm, nanNew, error),
    error,
  };
}

function describe(
  name: string,
  shape: readonly number[],
  dtype: string,
  norm: number,
  nanCount: number,
  error: string | null,
): TensorInfo {
  const numElements = shape.reduce((product, size) => product * size, 1);
  const [mean, std] = numElements === 0 ? [Number.NaN, Number.NaN] : [norm / 100, norm / Math.sqrt(numElements)];
  return {
    name,
    shape,
    dtype,
    numElements,
    sizeBytes: 2 * numElements,
    mean,
    std,
    min: -norm,
    max: norm,
    sparsity: 0,
    nanCount,
    infCount: 0,
    error,
  };
}

/** A comparison with everything that may be in one: the rounding model, a histogram, resized tensors, configurations, files, findings. */
export function makeRandomComparison(seed: number): Comparison {
  const random = createRandom(seed + 1);
  const plain = Comparison.fromRows(makeRandomRows(seed), undefined, { includeUnchanged: random.chance(0.3) });
  const rows = plain.columns.names.length;
  const odd = (): number => random.pick([random.unit(), Number.NaN, 0, -0, Number.POSITIVE_INFINITY]);
  const bins = random.integer(1, 8);
  const places = createRandom(seed + 2);
  const placed = (side: SideColumns): SideColumns => ({
    ...side,
    ...(places.chance(0.6) && {
      file: Float64Array.from({ length: rows }, () => (places.chance(0.8) ? places.integer(0, 3) : Number.NaN)),
      offset: Float64Array.from({ length: rows }, () => (places.chance(0.8) ? places.integer(0, 2 ** 40) : Number.NaN)),
    }),
  });
  const hostile = random.pick(HOSTILE_NAMES.filter((name) => name.length < 1000));
  return Comparison.from({
    ...plain,
    columns: {
      ...plain.columns,
      old: placed(plain.columns.old),
      new: placed(plain.columns.new),
      ...(random.chance(0.6) && {
        rounding: {
          expectedChanged: Float64Array.from({ length: rows }, () => (random.chance(0.5) ? random.unit() : Number.NaN)),
          updateSize: Float64Array.from({ length: rows }, () => (random.chance(0.5) ? random.logUniform(1e-5, 1) : Number.NaN)),
          shape: Uint8Array.from({ length: rows }, () => random.integer(0, ROUNDING_SHAPES.length - 1)),
        },
      }),
      ...(random.chance(0.4) && {
        histogram: {
          firstExponent: -random.integer(1, 32),
          bins,
          counts: Float64Array.from({ length: rows * bins }, () => random.integer(0, 4096)),
        },
      }),
      ...(random.chance(0.4) && {
        probes: mapProbeMetrics(() =>
          Float64Array.from({ length: rows }, () => (random.chance(0.1) ? random.integer(0, 64) : Number.NaN)),
        ),
      }),
      // No analysis looks at it: here numbers that JSON has not must come through too.
      l1Diff: random.chance(0.5) ? Float64Array.from({ length: rows }, odd) : plain.columns.l1Diff,
    },
    summary: {
      ...plain.summary,
      configChanges: random.chance(0.5)
        ? [
            { key: hostile, old: undefined, new: { [hostile]: [hostile, null, 1] } },
            { key: 'rope_theta', old: 10_000, new: 500_000 },
          ]
        : [],
      leftOut: random.chance(0.3)
        ? [{ name: hostile, kind: 'file', role: 'weights', oldBytes: 5, newBytes: null, same: null }]
        : [],
      ...(random.chance(0.3) && { nameChanges: [{ side: 'old', kind: 'rename', rule: hostile, tensors: 2 }] }),
      ...(random.chance(0.3) && {
        resized: [
          {
            name: 'model.embed_tokens.weight',
            oldRows: 8,
            newRows: 10,
            commonRows: 8,
            l2Diff: 0.1,
            relativeChange: 0.01,
            cosineSim: 0.99,
            changeRatio: null,
            identical: false,
            commonRms: 0.02,
            restRms: 0.01,
            restMean: null,
            restStd: null,
          },
        ],
      }),
    },
    old: {
      ...plain.old,
      name: hostile,
      format: 'huggingface',
      files: [{ path: hostile, bytes: 5 }],
      findings: [{ code: 'GlobalUnknown', severity: random.pick(['info', 'warning']), message: hostile, path: null, offset: 3 }],
    },
    provenance: random.chance(0.5)
      ? { version: '9.9.9', created: '2026-01-01T00:00:00.000Z', old: hostile, new: null, command: hostile }
      : null,
  });
}

/** The same items in another order. */
export function shuffle<T>(items: readonly T[], seed: number): T[] {
  return createRandom(seed).sample(items, items.length);
}
