import { mean, splitInTwo, sumOf } from '../statistics.ts';
import type { Eligible, EligibleTensors } from './eligible.ts';

/** Two levels of change among the tensors: those that moved and those that hardly did. */
export interface Concentration {
  /** ln of the ratio between the two levels. */
  readonly gap: number;
  /** Gap over the spread within the levels; Infinity without spread. */
  readonly separation: number;
  /** Share of tensors in the upper level. */
  readonly activeShare: number;
  /** Share of the squared changes, each tensor counting alike, that the active tensors hold. */
  readonly activeSquares: number;
  /** Of the active tensors, the share of the commonest type, and that type. */
  readonly mainType: string;
  readonly mainTypeShare: number;
  /** Share of active tensors whose module is active in at least 60% of its blocks. */
  readonly systematicShare: number;
  /** Mean share of active tensors in the blocks that have any; 0 when no block has. */
  readonly fill: number;
  /** Share of blocks that have any. */
  readonly activeLayers: number;
}

/** A module is systematic when this share of its tensors is active. */
const SYSTEMATIC = 0.6;

/** Splits the tensors into two levels of change; null when all changed alike. */
export function measureConcentration({ all }: EligibleTensors): Concentration | null {
  const split = splitInTwo(all.map((one) => one.level));
  if (split === null) return null;
  const isActive = (one: Eligible): boolean => one.level >= split.threshold;
  const active = all.filter(isActive);
  const types = countBy(active, (one) => one.type);
  const [mainType = '', mainCount = 0] = [...types].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0] ?? [];
  const modules = countActive(all, (one) => one.row.class.key, isActive);
  const layers = countActive(all, (one) => one.layer, isActive);
  const systematic = active.filter((one) => (modules.get(one.row.class.key)?.share ?? 0) >= SYSTEMATIC);
  const used = [...layers.values()].filter((layer) => layer.share > 0);
  return {
    gap: split.gap,
    separation: split.within === 0 ? Infinity : split.gap / split.within,
    activeShare: split.upperShare,
    activeSquares: sumOf(active, ({ row }) => row.change ** 2) / sumOf(all, ({ row }) => row.change ** 2),
    mainType,
    mainTypeShare: mainCount / active.length,
    systematicShare: systematic.length / active.length,
    fill: used.length === 0 ? 0 : mean(used.map((layer) => layer.share)),
    activeLayers: layers.size === 0 ? 0 : used.length / layers.size,
  };
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

function countActive<K>(
  eligible: readonly Eligible[],
  keyOf: (one: Eligible) => K | null,
  isActive: (one: Eligible) => boolean,
): Map<K, { readonly share: number }> {
  const groups = new Map<K, { active: number; all: number }>();
  for (const one of eligible) {
    const key = keyOf(one);
    if (key === null) continue;
    const group = groups.get(key) ?? { active: 0, all: 0 };
    groups.set(key, group);
    group.all += 1;
    if (isActive(one)) group.active += 1;
  }
  return new Map([...groups].map(([key, { active, all }]) => [key, { share: active / all }]));
}
