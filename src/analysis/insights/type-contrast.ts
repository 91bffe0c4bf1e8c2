import type { LayerAnalysis, TrainingInsight } from '../types.ts';
import { sum, sumOf } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import { formatFold, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { capitalize, joinWords } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';
import { areSameWeights } from './same-weights.ts';

/** A type stands out when it changed this many times as much as all others together. */
const STANDS_OUT = 3;

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
  /** Change of all other types together; null where nothing else can be measured. */
  readonly rest: number | null;
  /** Change over that; null where nothing else changed. */
  readonly fold: number | null;
  readonly standsOut: boolean;
}

/** Layer types that changed several times as much as all others, one by one, and those whose change is large, together. */
export const explainTypeContrast: Explain = ({ measured, layerAnalysis, significantChangeThreshold, overall, band, claims }) => {
  if (band === 'replaced' || areSameWeights(claims)) return [];
  const totals = totalTypes(measured);
  const changed = Object.values(layerAnalysis).filter((type) => type.count > 0 && type.avgChange > 0);
  const contrasts = changed.map((type) => contrast(type, totals, overall.change));
  const outstanding = contrasts.filter(({ standsOut }) => standsOut);
  const large = contrasts.filter(({ standsOut, type }) => !standsOut && type.avgChange > significantChangeThreshold);
  const threshold = significantChangeThreshold;
  const base = { code: 'types_changed', category: 'layer_changes', severity: 'info' } as const;
  const insights: TrainingInsight[] = outstanding.map(({ type: { layerType, count, avgChange, maxChange }, rest, fold }) => ({
    ...base,
    title: `${nameType(layerType)} Layers Changed Significantly`,
    description: `${formatNoun(count, `changed ${NAMES.get(layerType) ?? layerType} tensor`)}, by ${formatPercent(avgChange)}: ${formatFold(fold)} as much as all other types together.`,
    evidence: { layerType, count, avgChange, maxChange, restChange: rest, fold, threshold },
  }));
  const [first] = large;
  if (first === undefined) return insights;
  const sizes = large.map(({ type }) => `${NAMES.get(type.layerType) ?? type.layerType} ${formatPercent(type.avgChange, 3)}`);
  insights.push({
    ...base,
    title: `${large.length === 1 ? nameType(first.type.layerType) : large.length === changed.length ? 'All' : 'Several'} Layer${large.length === 1 ? 's' : ' Types'} Changed Significantly`,
    description: `By more than ${formatPercent(threshold)}: ${joinWords(sizes)}.`,
    evidence: { types: large.map(({ type }) => [type.layerType, type.avgChange]), threshold },
  });
  return insights;
};

function nameType(layerType: string): string {
  return NAMES.get(layerType) ?? capitalize(layerType);
}

function contrast(type: LayerAnalysis, totals: ReadonlyMap<string, Totals>, overall: number): Contrast {
  const others = [...totals].filter(([name]) => name !== type.layerType).map(([, total]) => total);
  const weight = sum(others.map((total) => total.weight));
  const rest = weight > 0 ? Math.sqrt(sum(others.map((total) => total.energy)) / weight) : null;
  const fold = rest !== null && rest > 0 ? type.avgChange / rest : null;
  // Where nothing else changed, the first line says so.
  const standsOut = fold !== null && fold > STANDS_OUT && type.avgChange >= overall;
  return { type, rest, fold, standsOut };
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
