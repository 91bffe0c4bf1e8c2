import type { LeftOut } from '../checkpoint/types.ts';
import { isOpenQuestion, type LeftOutDifference } from '../comparison/left-out.ts';
import type { DiffSummary } from '../comparison/summary.ts';
import { formatBytes, formatNoun } from '../wording/numbers.ts';

/** What was not compared, as every report tells it. */
export interface LeftOutWords {
  /** What could be weights; what differs or is on one side only comes first. */
  readonly weights: readonly LeftOutDifference[];
  /** States of training, which never count. */
  readonly states: readonly LeftOutDifference[];
  readonly count: string;
}

/** null where everything was compared. */
export function describeAllLeftOut({ leftOut }: Pick<DiffSummary, 'leftOut'>): LeftOutWords | null {
  if (leftOut.length === 0) return null;
  const { weights, states } = splitByRole(leftOut);
  return {
    weights: [...weights.filter(isOpenQuestion), ...weights.filter((one) => !isOpenQuestion(one))],
    states,
    count: countLeftOut(leftOut),
  };
}

export function splitByRole<T extends Pick<LeftOut, 'role'>>(
  leftOut: readonly T[],
): { readonly weights: readonly T[]; readonly states: readonly T[] } {
  return {
    weights: leftOut.filter(({ role }) => role === 'weights'),
    states: leftOut.filter(({ role }) => role === 'state'),
  };
}

/** `2 possible sets of weights, 3 states of training`. */
export function countLeftOut(leftOut: readonly Pick<LeftOut, 'role'>[]): string {
  const { weights, states } = splitByRole(leftOut);
  const counts = [
    ...(weights.length > 0 ? [formatNoun(weights.length, 'possible set of weights', 'possible sets of weights')] : []),
    ...(states.length > 0 ? [formatNoun(states.length, 'state of training', 'states of training')] : []),
  ];
  return counts.join(', ');
}

/** What is known of something that was not compared as tensors. */
export function describeDifference({ oldBytes, newBytes, same }: LeftOutDifference): string {
  if (oldBytes === null) return 'only in the new checkpoint';
  if (newBytes === null) return 'only in the old checkpoint';
  return same === null ? 'on both sides' : same ? 'same bytes on both sides' : 'differs';
}

/** Its size, or both where they differ. */
export function describeSize({ oldBytes, newBytes }: LeftOutDifference, arrow: string): string {
  const sizes = [oldBytes, newBytes].filter((bytes) => bytes !== null);
  return [...new Set(sizes.map((bytes) => formatBytes(bytes)))].join(arrow);
}

/** `mapping` or `record`; a file needs no word. */
export function describeKind({ kind }: Pick<LeftOutDifference, 'kind'>): string {
  return kind === 'file' ? '' : kind;
}
