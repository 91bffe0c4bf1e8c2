import type { LayerAnalysis } from '../types.ts';
import { sum, sumOf } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import { formatFold, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { capitalize, joinWords } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** A type stands out when its R is this many times that of all others together. */
const STANDS_OUT = 3;
/** From this many types on they are told as one. */
const ALIKE = 3;

/** Types that are not called by a word. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['mlp', 'MLP'],
  ['ssm', 'SSM'],
]);

interface Totals {
  readonly energy: number;
  readonly weight: number;
}

interface Contrast {
  readonly type: LayerAnalysis;
  /** R of all other types together, over what the overall R is measured on; null where there is no other type. */
  readonly rest: number | null;
  /** R over that; null where nothing else changed. */
  readonly fold: number | null;
  readonly standsOut: boolean;
}

/** Layer types whose change is large, or large against all other types. Where all are large alike, that is one finding. */
export const explainTypeContrast: Explain = ({ measured, layerAnalysis, significantChangeThreshold, overall }) => {
  const totals = totalTypes(measured);
  const changed = Object.values(layerAnalysis).filter((type) => type.count > 0);
  const contrasts = changed.map((type) => contrast(type, totals, overall.change));
  const isLarge = ({ type }: Contrast): boolean => type.avgChange > significantChangeThreshold;
  const found = contrasts.filter((entry) => isLarge(entry) || entry.standsOut);
  if (found.length >= ALIKE && found.length === contrasts.length && !found.some((entry) => entry.standsOut)) {
    const sizes = found.map(({ type }) => `${type.layerType} ${formatPercent(type.avgChange)}`);
    const evidence = { types: found.map(({ type }) => [type.layerType, type.avgChange]), threshold: significantChangeThreshold };
    return [
      {
        code: 'types_changed',
        category: 'layer_changes',
        title: 'All Layer Types Changed Significantly',
        description: `R by type: ${joinWords(sizes)}.`,
        severity: 'info',
        evidence,
      },
    ];
  }
  return found.map(({ type: { layerType, count, avgChange, maxChange }, rest, fold }) => ({
    code: 'types_changed',
    category: 'layer_changes',
    title: `${NAMES.get(layerType) ?? capitalize(layerType)} Layers Changed Significantly`,
    description: `${formatNoun(count, `changed ${NAMES.get(layerType) ?? layerType} tensor`)}: R = ${formatPercent(avgChange)}${compare(fold, rest, changed.length === 1)}.`,
    severity: 'info',
    evidence: { layerType, count, avgChange, maxChange, restChange: rest, fold, threshold: significantChangeThreshold },
  }));
};

function contrast(type: LayerAnalysis, totals: ReadonlyMap<string, Totals>, overall: number): Contrast {
  const others = [...totals].filter(([name]) => name !== type.layerType).map(([, total]) => total);
  const weight = sum(others.map((total) => total.weight));
  const rest = weight > 0 ? Math.sqrt(sum(others.map((total) => total.energy)) / weight) : null;
  const standsOut = rest !== null && type.avgChange > STANDS_OUT * rest && type.avgChange >= overall;
  return { type, rest, fold: rest !== null && rest > 0 ? type.avgChange / rest : null, standsOut };
}

function compare(fold: number | null, rest: number | null, isAlone: boolean): string {
  if (rest === null) return '';
  return fold === null
    ? `; nothing else changed${isAlone ? '' : ' but vectors'}`
    : `, ${formatFold(fold)} that of all other types together`;
}

/** Energy and weight by type; positions count as embeddings here, as in the map by layer type. */
function totalTypes(rows: readonly TensorRow[]): ReadonlyMap<string, Totals> {
  const groups = new Map<string, TensorRow[]>();
  for (const row of rows) {
    if (!Number.isFinite(row.energy) || !Number.isFinite(row.weight)) continue;
    const type = row.class.type === 'position' ? 'embedding' : row.class.type;
    const group = groups.get(type);
    if (group === undefined) groups.set(type, [row]);
    else group.push(row);
  }
  return new Map(
    [...groups].map(([type, group]) => [
      type,
      { energy: sumOf(group, (row) => row.energy), weight: sumOf(group, (row) => row.weight) },
    ]),
  );
}
