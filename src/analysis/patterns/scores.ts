import type { ChangePattern } from '../types.ts';
import { REALLY_SPARSE, type Density } from '../density.ts';
import type { Concentration } from './concentration.ts';
import type { TypeContrast } from './contrast.ts';
import type { DepthTrend } from './depth-trend.ts';

/** What the scores are made of. */
export interface Features {
  readonly trend: DepthTrend | null;
  readonly attention: TypeContrast;
  readonly mlp: TypeContrast;
  /** ln of embeddings over body; null where one is missing. */
  readonly embedding: number | null;
  readonly concentration: Concentration | null;
  readonly density: Density | null;
}

/** Score by pattern but `uniform`, which is what is left when none reaches 1. */
export type Scores = Record<Exclude<ChangePattern, 'uniform'>, number>;

/** A trend counts from this ratio between last and first block. */
const TREND_FOLD = 1.6;
/** A type stands out from this ratio to the rest of the body. */
const TYPE_FOLD = 1.6;
const EMBEDDING_FOLD = 2;
/** Two levels count from this ratio between them. */
const LEVEL_FOLD = 4;
/** More tensors than this share in the upper level is no concentration ... */
const FEW = 0.45;
/** ... unless the lower level is nothing at all (a ratio of 50 or more): then up to this share, in blocks. */
const FEW_BESIDE_FROZEN = 0.65;
const FROZEN_FOLD = 50;

/** Scores of all patterns; each fires at 1. */
export function scorePatterns(features: Features): Scores {
  const { trend, attention, mlp, embedding, concentration, density } = features;
  const scores: Scores = {
    gradient: trend !== null && trend.slope < 0 ? scoreTrend(trend) : 0,
    inverse_gradient: trend !== null && trend.slope > 0 ? scoreTrend(trend) : 0,
    attention_heavy: scoreType(attention),
    mlp_heavy: scoreType(mlp),
    embedding_heavy: Math.max(0, embedding ?? 0) / Math.log(EMBEDDING_FOLD),
    focused: 0,
    sparse: 0,
  };
  if (concentration !== null && isConcentrated(concentration)) addConcentration(scores, concentration, trend);
  if (density?.verdict === 'sparse' && density.observed < 0.5 && !density.isOnlyEmbeddings) {
    scores.sparse = Math.max(
      scores.sparse,
      (2 * Math.log(density.expected / Math.max(density.observed, 1e-9))) / Math.log(1 / REALLY_SPARSE),
    );
  }
  return scores;
}

/** Size of the trend, held back by its weakness as a ranking and by chance. */
function scoreTrend({ slope, tau, zTau, layers }: DepthTrend): number {
  const effect = Math.min(Math.abs(slope) / Math.log(TREND_FOLD), 6);
  const order = Math.abs(tau) / 0.35;
  const size = effect < 1 ? effect * Math.min(order, 1) : order < 1 ? order : Math.sqrt(effect * Math.min(order, 2));
  const isSure = Math.abs(zTau) >= 1.96 || (layers <= 5 && Math.abs(tau) >= 0.8);
  return isSure ? size : size / 2;
}

function scoreType({ logRatio, agreement }: TypeContrast): number {
  return (Math.max(0, logRatio) / Math.log(TYPE_FOLD)) * Math.min(1, agreement / 0.75);
}

function isConcentrated(found: Concentration): boolean {
  if (found.activeShare <= FEW) return true;
  return found.activeShare <= FEW_BESIDE_FROZEN && found.gap >= Math.log(FROZEN_FOLD) && isInBlocks(found);
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Whether the two levels are the ends of a straight trend: it fits as well as two levels do, and is large enough to make the gap. */
function isExplainedByTrend({ gap }: Concentration, { linear, step, slope }: DepthTrend): boolean {
  return linear > step - 0.02 && linear > 0.5 && Math.abs(slope) > 0.75 * gap;
}

/** Whether what moved fills some of the blocks; beside frozen ones these may be more than half. */
function isInBlocks({ fill, activeLayers, gap }: Concentration): boolean {
  return fill >= 0.55 && activeLayers <= (gap >= Math.log(FROZEN_FOLD) ? 0.75 : 0.5);
}

/** Few tensors moved much more than the rest: which pattern that is depends on where they are. */
function addConcentration(scores: Scores, found: Concentration, trend: DepthTrend | null): void {
  const isApart = clip((found.separation - 3) / 1.5);
  // Few tensors that changed much are outliers, not the pattern, where the many others hold most of the change.
  const holdsMost = clip((found.activeSquares - 0.4) / 0.2);
  const strength = (found.gap / Math.log(LEVEL_FOLD)) * isApart * holdsMost;
  if (strength === 0) return;
  const { mainType, mainTypeShare, systematicShare, activeShare } = found;
  if (mainType === 'embedding' && mainTypeShare >= 0.8) {
    scores.embedding_heavy = Math.max(scores.embedding_heavy, 1.3 * strength);
    return;
  }
  // The same projections in every block, as LoRA on q and v: a matter of types, not of places.
  if ((mainType === 'attention' || mainType === 'mlp') && mainTypeShare >= 0.85 && systematicShare >= 0.8) return;
  if (mainType === 'output' && mainTypeShare >= 0.8) {
    scores.focused = strength;
    return;
  }
  const isStructured = isInBlocks(found);
  const [label, other] = isStructured || activeShare > 0.15 ? (['focused', 'sparse'] as const) : (['sparse', 'focused'] as const);
  scores[label] = 1.25 * strength;
  if (activeShare <= 0.15) scores[other] = 0.6 * strength;
  if (trend !== null && isExplainedByTrend(found, trend)) {
    scores.focused *= 0.5;
    scores.sparse *= 0.5;
  } else if ((isStructured || label === 'sparse') && scores[label] >= 1) {
    for (const pattern of ['gradient', 'inverse_gradient', 'attention_heavy', 'mlp_heavy'] as const) {
      scores[pattern] = Math.min(scores[pattern], 0.9 * strength);
    }
  }
}
