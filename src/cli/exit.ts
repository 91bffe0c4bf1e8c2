import type { Comparison } from '../comparison/comparison.ts';

/** Exit statuses. Trouble outranks differences. */
export const EXIT = {
  /** Done, whatever was found. */
  done: 0,
  /** `--exit-code` was given and something is not identical, or a rule was broken. */
  different: 1,
  /** A bad call, a file or tensor that cannot be read, no tensor in common. */
  trouble: 2,
  /** Interrupted (128 + SIGINT). */
  interrupted: 130,
} as const;

/** How a comparison that came to its end exits. */
export function decideStatus(
  { summary, isIdentical }: Pick<Comparison, 'summary' | 'isIdentical'>,
  facts: { readonly isTrouble: boolean; readonly isBroken: boolean; readonly asksForEquality: boolean },
): number {
  if (summary.failedTensors > 0 || facts.isTrouble) return EXIT.trouble;
  return facts.isBroken || (facts.asksForEquality && !isIdentical) ? EXIT.different : EXIT.done;
}
