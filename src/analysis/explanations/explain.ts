import { sum } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Explanation } from '../types.ts';
import { explainRounding, explainUnmerged } from './adapter.ts';
import { explainBroken, explainMended } from './broken.ts';
import { explainCast, explainLosslessCast } from './cast.ts';
import { explainExchange } from './exchanged.ts';
import type { Claim, Explain } from './explanation.ts';
import { explainCodes, explainOptimizer, explainStatistics } from './kept-apart.ts';
import { explainMovedBlocks } from './moved-blocks.ts';
import { explainFilledMask, explainLostMask, explainPruning } from './pruned.ts';
import { explainQuantisation } from './quantised.ts';
import { explainOrder } from './reordered.ts';
import { explainReplacement } from './replaced.ts';
import { explainRows } from './rows-changed.ts';
import { explainScaling } from './scaled.ts';
import { explainShift } from './shifted.ts';
import { explainStoredQuantisation } from './stored-quantised.ts';
import type { Story } from './story.ts';
import { explainTraining } from './trained.ts';

/** All explanations, in the order in which they may claim tensors: what is broken, the same weights in another form, then changes. */
const EXPLANATIONS: readonly Explain[] = [
  explainBroken,
  explainMended,
  explainOptimizer,
  explainCodes,
  explainStoredQuantisation,
  explainMovedBlocks,
  explainLosslessCast,
  explainUnmerged,
  explainRounding,
  explainCast,
  explainScaling,
  explainShift,
  explainOrder,
  explainExchange,
  explainPruning,
  explainFilledMask,
  explainQuantisation,
  explainLostMask,
  explainRows,
  explainReplacement,
  explainTraining,
  explainStatistics,
];

/** A claim with its share of the change. */
export interface SharedClaim extends Claim {
  /** Share of Σd² of all changed weights that its tensors hold, 0 to 1; of their number where Σd² means nothing. */
  readonly share: number;
}

/** What accounts for a change, in the order of the table. No tensor is claimed twice. */
export function explain(story: Story): SharedClaim[] {
  const claimed = new Set<TensorRow>();
  const claims: Claim[] = [];
  for (const find of EXPLANATIONS) {
    const open = story.changed.filter((row) => !claimed.has(row));
    for (const claim of find(story, open)) {
      const rows = claim.rows.filter((row) => !claimed.has(row));
      for (const row of rows) claimed.add(row);
      if (rows.length > 0) claims.push({ ...claim, rows });
    }
  }
  const total = energyOf(story.changed);
  return claims.map((claim) => ({
    ...claim,
    share: total > 0 ? energyOf(claim.rows) / total : claim.rows.length / Math.max(1, story.rows.length),
  }));
}

function energyOf(rows: readonly TensorRow[]): number {
  return sum(rows.map((row) => (Number.isFinite(row.energy) ? row.energy : 0)));
}

/** Claims as an analysis gives them. */
export function listExplanations(claims: readonly SharedClaim[], rows: readonly TensorRow[]): Explanation[] {
  const rowOf = new Map(rows.map((row, at) => [row, at]));
  return claims.map(({ code, sentence, share, evidence, rows: own }) => ({
    code,
    sentence,
    share,
    tensors: own.map((row) => rowOf.get(row) ?? -1).sort((a, b) => a - b),
    evidence,
  }));
}
