import { groupChange } from '../overall.ts';
import { median, sum } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import { toGrid, type EligibleTensors } from './eligible.ts';

/** How much more one type changed than the rest of the body. */
export interface TypeContrast {
  /** ln of the ratio of both changes, median over the layers that have both; 0 where there is no comparison. */
  readonly logRatio: number;
  /** Share of layers in which the ratio has the sign of the median, 0 to 1. */
  readonly agreement: number;
  /** Layers with both; 0 when all tensors were pooled. */
  readonly layers: number;
}

/** Changes below this share of the reference count as none, also for groups. */
const FLOOR = 1e-3;

/** Contrast of a layer type with the rest of the body, layer by layer; pooled where no layer has both. */
export function contrastType(eligible: EligibleTensors, type: string): TypeContrast {
  const layers = new Map<number, { own: TensorRow[]; rest: TensorRow[] }>();
  const pool: { own: TensorRow[]; rest: TensorRow[] } = { own: [], rest: [] };
  for (const one of eligible.body) {
    const side = one.type === type ? 'own' : 'rest';
    pool[side].push(one.row);
    if (one.layer === null) continue;
    const layer = layers.get(one.layer) ?? { own: [], rest: [] };
    layers.set(one.layer, layer);
    layer[side].push(one.row);
  }
  const floor = eligible.reference * FLOOR;
  const ratios = [...layers.values()].filter(hasBoth).map((layer) => compareGroups(layer.own, layer.rest, floor));
  if (ratios.length > 0) {
    const logRatio = median(ratios);
    return {
      logRatio,
      agreement: ratios.filter((ratio) => Math.sign(ratio) === Math.sign(logRatio)).length / ratios.length,
      layers: ratios.length,
    };
  }
  return hasBoth(pool)
    ? { logRatio: compareGroups(pool.own, pool.rest, floor), agreement: 1, layers: 0 }
    : { logRatio: 0, agreement: 0, layers: 0 };
}

function hasBoth({ own, rest }: { readonly own: readonly TensorRow[]; readonly rest: readonly TensorRow[] }): boolean {
  return own.length > 0 && rest.length > 0;
}

function compareGroups(own: readonly TensorRow[], rest: readonly TensorRow[], floor: number): number {
  return logRatioOf(groupChange(own), groupChange(rest), floor);
}

function logRatioOf(a: number, b: number, floor: number): number {
  return toGrid(Math.log(Math.max(a, floor) / Math.max(b, floor)));
}

/**
 * ln of the change of the embeddings over that of the body: the smaller of both readings, median over layers and all of it.
 * Small tables beside a large one (types of tokens beside tokens) do not count. Null without embeddings or body.
 */
export function contrastEmbeddings(eligible: EligibleTensors): number | null {
  const embeddings = eligible.all.filter((one) => one.type === 'embedding');
  if (embeddings.length === 0 || eligible.body.length === 0) return null;
  const largest = embeddings.reduce((weight, one) => Math.max(weight, one.row.weight || 0), 0);
  const tables = embeddings.filter((one) => !(one.row.weight < SMALL_TABLE ** 2 * largest));
  const floor = eligible.reference * FLOOR;
  const layers = new Map<number, TensorRow[]>();
  for (const { layer, row } of eligible.body) {
    if (layer === null) continue;
    const rows = layers.get(layer);
    if (rows === undefined) layers.set(layer, [row]);
    else rows.push(row);
  }
  const own = groupChange(tables.map((one) => one.row));
  const whole = logRatioOf(own, groupChange(eligible.body.map((one) => one.row)), floor);
  if (layers.size === 0) return whole;
  return Math.min(whole, logRatioOf(own, median([...layers.values()].map((rows) => groupChange(rows))), floor));
}

/** Embeddings below this share of the largest one's norm are left out. */
const SMALL_TABLE = 0.02;

/** Share of the energy of all eligible by type, 0 to 1. */
export function shareEnergy(eligible: EligibleTensors): ReadonlyMap<string, number> {
  const energies = new Map<string, number[]>();
  for (const { type, row } of eligible.all) {
    const list = energies.get(type);
    if (list === undefined) energies.set(type, [row.energy || 0]);
    else list.push(row.energy || 0);
  }
  const totals = new Map([...energies].map(([type, list]) => [type, sum(list)]));
  const total = sum([...totals.values()]);
  return new Map([...totals].map(([type, energy]) => [type, total === 0 ? 0 : energy / total]));
}
