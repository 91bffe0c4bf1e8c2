import type { TensorRow } from '../tensor-row.ts';
import type { ExplanationCode } from '../types.ts';
import type { Story } from './story.ts';

/** What an explanation claims. */
export interface Claim {
  readonly code: ExplanationCode;
  /** The tensors that it accounts for. */
  readonly rows: readonly TensorRow[];
  /** What it says, as a sentence without its full stop, for the first line. */
  readonly sentence: string;
  /** The numbers of the sentence. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

/**
 * Looks for one kind of cause among the changed weights that nothing before it has claimed.
 * Each is listed once, in the table of `explain.ts`, in the order in which they may claim.
 */
export type Explain = (story: Story, open: readonly TensorRow[]) => readonly Claim[];
