import type { SharedClaim } from '../explanations/explain.ts';
import { sumOf } from '../statistics.ts';

/** Explanations of the same weights at another place: what changed name by name is no change of the weights. */
const MOVED: ReadonlySet<string> = new Set(['moved_blocks', 'reordered', 'exchanged']);
/** From this share of the change on nothing is said of types that changed. */
const MOST = 0.9;

/** Whether weights that only stand at another place make up nearly all of what differs. */
export function areSameWeights(claims: readonly SharedClaim[]): boolean {
  return (
    sumOf(
      claims.filter(({ code }) => MOVED.has(code)),
      ({ share }) => share,
    ) >= MOST
  );
}
