import {
  CHANGE_TYPES,
  type ChangeType,
  ROUNDING_SHAPES,
  type RoundingShape,
  type SideColumns,
  type TensorColumns,
} from '../../src/comparison/columns.ts';
import { Comparison } from '../../src/comparison/comparison.ts';
import { mapProbeMetrics, type ProbeMetric } from '../../src/comparison/metrics.ts';
import type { DiffSummary } from '../../src/comparison/summary.ts';

/** What a test says of one tensor; the rest is made up, always the same way. */
export interface Sketch {
  readonly name: string;
  readonly type?: ChangeType;
  /** Symmetric change. @default 0 */
  readonly change?: number;
  readonly shape?: readonly number[];
  readonly newShape?: readonly number[];
  readonly dtype?: string;
  readonly newDtype?: string;
  /** Norm of old over the square root of the elements. @default 0.02 */
  readonly rms?: number;
  readonly mean?: number;
  /** @default that of old */
  readonly meanNew?: number;
  /** Smallest and largest element of old, where they are one. */
  readonly constant?: number;
  /** Norm of new over norm of old. @default 1 */
  readonly growth?: number;
  readonly oneMinusCos?: number;
  /** Share of elements whose bits differ. @default 1 for a changed tensor */
  readonly changedShare?: number;
  readonly expectedChanged?: number;
  readonly updateSize?: number;
  readonly nanNew?: number;
  readonly nanOld?: number;
  readonly infNew?: number;
  readonly zerosOld?: number;
  readonly zerosNew?: number;
  /** What a second look has found. */
  readonly probes?: Partial<Readonly<Record<ProbeMetric, number>>>;
  /** How the share of changed elements depends on their size. @default unknown */
  readonly roundingShape?: RoundingShape;
  /** Largest magnitude of old. @default its norm */
  readonly largest?: number;
  readonly error?: string;
}

/** Columns of sketched tensors. */
export function buildColumns(sketches: readonly Sketch[], withRounding = false): TensorColumns {
  const column = (valueOf: (sketch: Sketch) => number): Float64Array => Float64Array.from(sketches, valueOf);
  const elements = ({ shape = [64, 64] }: Sketch): number => shape.reduce((product, size) => product * size, 1);
  const oldNorm = (sketch: Sketch): number =>
    typeOf(sketch) === 'added' ? Number.NaN : (sketch.rms ?? 0.02) * Math.sqrt(elements(sketch));
  const newNorm = (sketch: Sketch): number =>
    typeOf(sketch) === 'removed' ? Number.NaN : (sketch.rms ?? 0.02) * Math.sqrt(elements(sketch)) * (sketch.growth ?? 1);
  const change = (sketch: Sketch): number => (isCommon(sketch) ? (sketch.change ?? 0) : Number.NaN);
  const l2 = (sketch: Sketch): number => change(sketch) * Math.max(oldNorm(sketch), newNorm(sketch));
  const changed = (sketch: Sketch): number => (change(sketch) > 0 ? (sketch.changedShare ?? 1) : 0);
  const side = (which: 'old' | 'new'): SideColumns => {
    const isAbsent = (sketch: Sketch): boolean => typeOf(sketch) === (which === 'old' ? 'added' : 'removed');
    const size = (sketch: Sketch): number => (isAbsent(sketch) ? Number.NaN : elements(sketch));
    const norm = which === 'old' ? oldNorm : newNorm;
    return {
      dtype: sketches.map((sketch) =>
        isAbsent(sketch) ? '' : ((which === 'new' ? sketch.newDtype : undefined) ?? sketch.dtype ?? 'f32'),
      ),
      shape: sketches.map((sketch) => (which === 'new' ? sketch.newShape : undefined) ?? sketch.shape ?? [64, 64]),
      numElements: column(size),
      sizeBytes: column((sketch) => 4 * size(sketch)),
      norm: column(norm),
      mean: column((sketch) => (which === 'new' ? sketch.meanNew : undefined) ?? sketch.mean ?? 0),
      std: column((sketch) => Math.sqrt(Math.max(0, norm(sketch) ** 2 / elements(sketch) - (sketch.mean ?? 0) ** 2))),
      min: column((sketch) => (which === 'old' ? sketch.constant : undefined) ?? -norm(sketch)),
      max: column((sketch) => (which === 'old' ? (sketch.constant ?? sketch.largest) : undefined) ?? norm(sketch)),
      zeros: column((sketch) => (which === 'new' ? sketch.zerosNew : sketch.zerosOld) ?? 0),
      nan: column((sketch) => (which === 'new' ? (sketch.nanNew ?? 0) : (sketch.nanOld ?? 0))),
      inf: column((sketch) => (which === 'new' ? (sketch.infNew ?? 0) : 0)),
    };
  };
  const rounding = {
    expectedChanged: column((sketch) => sketch.expectedChanged ?? Number.NaN),
    updateSize: column((sketch) => sketch.updateSize ?? Number.NaN),
    shape: Uint8Array.from(sketches, ({ roundingShape = 'unknown' }) => ROUNDING_SHAPES.indexOf(roundingShape)),
  };
  const hasProbes = sketches.some(({ probes }) => probes !== undefined);
  const errors = new Map<number, string>();
  sketches.forEach((sketch, row) => {
    if (sketch.error !== undefined) errors.set(row, sketch.error);
  });
  return {
    names: sketches.map(({ name }) => name),
    changeType: Uint8Array.from(sketches, (sketch) => CHANGE_TYPES.indexOf(typeOf(sketch))),
    l2Diff: column(l2),
    l1Diff: column(l2),
    maxDiff: column(l2),
    meanDiff: column(() => 0),
    cosineSim: column((sketch) => 1 - (sketch.oneMinusCos ?? change(sketch) ** 2 / 2)),
    oneMinusCos: column((sketch) => sketch.oneMinusCos ?? change(sketch) ** 2 / 2),
    relativeChange: column(change),
    symmetricChange: column(change),
    changedElements: column((sketch) => changed(sketch) * elements(sketch)),
    totalElements: column(elements),
    bitChanged: column((sketch) =>
      (sketch.newDtype ?? sketch.dtype) === sketch.dtype ? changed(sketch) * elements(sketch) : Number.NaN,
    ),
    identical: Uint8Array.from(sketches, (sketch) =>
      Number(isCommon(sketch) && change(sketch) === 0 && (sketch.nanNew ?? 0) === 0),
    ),
    dtypeChanged: Uint8Array.from(sketches, (sketch) => Number((sketch.newDtype ?? sketch.dtype) !== sketch.dtype)),
    old: side('old'),
    new: side('new'),
    errors,
    ...(withRounding ? { rounding } : {}),
    ...(hasProbes ? { probes: mapProbeMetrics((metric) => column(({ probes }) => probes?.[metric] ?? Number.NaN)) } : {}),
  };
}

function typeOf({ type, change = 0, nanNew = 0, newShape }: Sketch): ChangeType {
  return type ?? (newShape === undefined ? (change > 0 || nanNew > 0 ? 'modified' : 'unchanged') : 'shape_changed');
}

function isCommon(sketch: Sketch): boolean {
  return ['modified', 'unchanged'].includes(typeOf(sketch)) && sketch.error === undefined;
}

/** A comparison of sketched tensors; `extra` is what else its summary tells. */
export function buildComparison(sketches: readonly Sketch[], extra: Partial<DiffSummary> = {}, withRounding = false): Comparison {
  return Comparison.fromColumns(buildColumns(sketches, withRounding), extra);
}

/** The tensors of a LLaMA of some blocks. `change` gives the symmetric change of each. */
export function llama(
  blocks: number,
  change: (name: string, block: number | null) => number,
  rest: Omit<Sketch, 'name' | 'change'> = {},
): Sketch[] {
  const names: [string, readonly number[], number | null][] = [['model.embed_tokens.weight', [1000, 64], null]];
  for (let block = 0; block < blocks; block += 1) {
    for (const role of ['q', 'k', 'v', 'o']) names.push([`model.layers.${block}.self_attn.${role}_proj.weight`, [64, 64], block]);
    for (const role of ['gate', 'up', 'down']) names.push([`model.layers.${block}.mlp.${role}_proj.weight`, [64, 160], block]);
    for (const norm of ['input', 'post_attention']) names.push([`model.layers.${block}.${norm}_layernorm.weight`, [64], block]);
  }
  names.push(['model.norm.weight', [64], null], ['lm_head.weight', [1000, 64], null]);
  return names.map(([name, shape, block]) => ({ name, shape, change: change(name, block), ...rest }));
}
