import { sortRows } from '../apart.ts';
import type { ChangePattern, PatternResult } from '../types.ts';
import { measureDensity } from '../density.ts';
import { gini } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import { measureConcentration } from './concentration.ts';
import { contrastEmbeddings, contrastType, shareEnergy } from './contrast.ts';
import { measureTrend } from './depth-trend.ts';
import { scorePatterns, type Features, type Scores } from './scores.ts';
import { selectEligible, type EligibleTensors } from './eligible.ts';

/** Below this probability the first pattern is called ambiguous. */
const AMBIGUOUS = 0.6;
/** Steepness of the step from a score to a probability: one that just fires is as likely as `uniform`. */
const STEEPNESS = 4;
const LOGIT_LIMIT = 12;

/** Where in the network the change sits; independent of its size, of the order of tensors and of the names of stacks. */
export function detectPattern(all: readonly TensorRow[]): PatternResult {
  const { weights: rows } = sortRows(all);
  const isModified = rows.some((row) => row.isCompared && row.changeType === 'modified');
  const eligible = isModified ? selectEligible(rows) : null;
  if (eligible === null) return identicalResult(rows);
  const features = readFeatures(eligible);
  const scores = scorePatterns(features);
  const probabilities = toProbabilities(scores);
  const [pattern, confidence] = probabilities[0] ?? ['uniform', 1];
  const evidence = describe(eligible, features, scores);
  return { pattern, confidence, ambiguous: confidence < AMBIGUOUS, identical: false, probabilities, evidence };
}

function identicalResult(rows: readonly TensorRow[]): PatternResult {
  const evidence = { tensors: rows.filter((row) => row.isCompared).length, changed: 0 };
  return { pattern: 'sparse', confidence: 1, ambiguous: false, identical: true, probabilities: [['sparse', 1]], evidence };
}

function readFeatures(eligible: EligibleTensors): Features {
  return {
    trend: measureTrend(eligible),
    attention: contrastType(eligible, 'attention'),
    mlp: contrastType(eligible, 'mlp'),
    embedding: contrastEmbeddings(eligible),
    concentration: measureConcentration(eligible),
    density: measureDensity(
      eligible.all.map((one) => one.row),
      eligible.reference,
    ),
  };
}

/** Softmax over 4 ln(score), `uniform` at 0; most likely first, ties by name. */
function toProbabilities(scores: Scores): (readonly [ChangePattern, number])[] {
  const logits: [ChangePattern, number][] = [['uniform', 0]];
  for (const [pattern, score] of Object.entries(scores) as [ChangePattern, number][]) {
    logits.push([pattern, Math.min(LOGIT_LIMIT, Math.max(-LOGIT_LIMIT, STEEPNESS * Math.log(score)))]);
  }
  logits.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const weights = logits.map(([, logit]) => Math.exp(logit));
  const total = weights.reduceRight((running, weight) => running + weight, 0);
  return logits.map(([pattern], at) => [pattern, (weights[at] ?? 0) / total]);
}

function describe(eligible: EligibleTensors, features: Features, scores: Scores): Record<string, unknown> {
  const { trend, attention, mlp, embedding, concentration, density } = features;
  const energy = shareEnergy(eligible);
  return {
    tensors: eligible.all.length,
    reference: eligible.reference,
    onlySmallParameters: eligible.isFallback,
    layers: trend?.layers ?? 0,
    slope: trend?.slope ?? null,
    fold: trend === null ? null : Math.exp(trend.slope),
    tau: trend?.tau ?? null,
    zTau: trend?.zTau ?? null,
    depthShape: nameShape(trend?.outerExcess ?? 0),
    attentionFold: attention.agreement === 0 ? null : Math.exp(attention.logRatio),
    attentionAgreement: attention.agreement,
    mlpFold: mlp.agreement === 0 ? null : Math.exp(mlp.logRatio),
    mlpAgreement: mlp.agreement,
    embeddingFold: embedding === null ? null : Math.exp(embedding),
    attentionEnergy: energy.get('attention') ?? 0,
    mlpEnergy: energy.get('mlp') ?? 0,
    embeddingEnergy: energy.get('embedding') ?? 0,
    outputEnergy: energy.get('output') ?? 0,
    expertGini: imbalance(eligible),
    levelFold: concentration === null ? null : Math.exp(concentration.gap),
    activeShare: concentration?.activeShare ?? null,
    activeLayers: concentration?.activeLayers ?? null,
    fill: concentration?.fill ?? null,
    changedShare: density?.observed ?? null,
    expectedChangedShare: density?.expected ?? null,
    scores,
  };
}

/** Middle blocks against outer ones differ from a factor of 1.3 on. */
function nameShape(outerExcess: number): string | null {
  if (Math.abs(outerExcess) < Math.log(1.3)) return null;
  return outerExcess > 0 ? 'u_shaped' : 'mid_heavy';
}

/** Gini coefficient of the changes of experts; null with fewer than two. */
function imbalance({ all }: EligibleTensors): number | null {
  const experts = all.filter((one) => one.row.class.role === 'expert').map((one) => one.row.change);
  return experts.length < 2 ? null : gini(experts);
}
