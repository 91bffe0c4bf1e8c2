import type { MagnitudeBand } from './types.ts';

/** A band of overall change, from the one below up to and excluding `below`. */
export interface Band {
  readonly band: MagnitudeBand;
  /** Upper limit of R. */
  readonly below: number;
  /** What changes of this size are seen in, in published pairs of models. */
  readonly seenIn: string;
}

/**
 * Bands by R. Limits lie between the kinds of the 45 public pairs in docs/analysis.md: preference tuning and RL end at 0.0012 and
 * small fine-tunes begin at 0.0030; community fine-tunes begin at 0.013; vendors' instruct models have their median at 0.045 and end at 0.22;
 * continued pre-training begins at 0.78.
 */
export const BANDS: readonly Band[] = [
  { band: 'trace', below: 2e-3, seenIn: 'preference tuning, reinforcement learning, a very short run, or rounding to bf16' },
  { band: 'light', below: 1.5e-2, seenIn: 'small fine-tunes and the lighter instruct models' },
  { band: 'standard', below: 5e-2, seenIn: 'community fine-tunes and most instruct models' },
  { band: 'strong', below: 0.25, seenIn: 'reasoning distillation and heavily tuned instruct models' },
  { band: 'heavy', below: Infinity, seenIn: 'continued pre-training and new versions of a model' },
];

/** Two sets of weights with a cosine below this have nothing to do with each other. */
const UNRELATED_COSINE = 0.05;
/** Chance makes few weights alike up to this cosine at most; more than that is a likeness, however few they are. */
const CHANCE_COSINE = 0.3;

/** Band of a change. Size alone decides, but for weights that are no longer related to the old ones. */
export function findBand(change: number, cosine: number | null, elements: number): MagnitudeBand {
  if (change === 0) return 'identical';
  const chance = Math.min(CHANCE_COSINE, elements > 0 ? 5 / Math.sqrt(elements) : 0);
  if (cosine !== null && cosine < Math.max(UNRELATED_COSINE, chance)) return 'replaced';
  return BANDS.find(({ below }) => change < below)?.band ?? 'heavy';
}
