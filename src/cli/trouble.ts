import { formatNoun } from '../wording/numbers.ts';
import { describeFailure } from './failure.ts';
import type { Session } from './session.ts';

/** The line on stderr about tensors that could not be compared; none where all could. */
export function describeFailedTensors(count: number): readonly string[] {
  return count === 0 ? [] : [`error: ${formatNoun(count, 'tensor')} could not be compared; the report says why`];
}

/** The lines that an error will take on stderr. */
export function spellTrouble({ verbose, configured }: Session, error: unknown): readonly string[] {
  return describeFailure(error, { verbose, color: false, configured }).trimEnd().split('\n');
}
