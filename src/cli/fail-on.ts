import type { Finding } from '../checkpoint/types.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { isUnsafe } from '../comparison/unsafe.ts';
import { formatNoun } from '../wording/numbers.ts';
import { log, type Session } from './session.ts';

/** Rules whose breach ends the program with 1. */
export type FailRule = 'unsafe' | 'config';

/** Whether a comparison breaks a rule of `--fail-on`; says which and why. */
export function breaksRule(session: Session, flags: FailFlags, comparison: Comparison): boolean {
  const { old, new: fresh, summary } = comparison;
  const isBroken = breaksSafety(session, flags, [old, fresh]);
  const changes = flags.failOn?.includes('config') === true ? summary.configChanges.length : 0;
  if (changes > 0)
    log(session, `--fail-on config: ${formatNoun(changes, 'configuration key')} ${changes === 1 ? 'differs' : 'differ'}`);
  return isBroken || changes > 0;
}

/** The rules that were asked for. */
export interface FailFlags {
  readonly failOn?: readonly FailRule[];
}

/** As {@link breaksRule}, for what is known of checkpoints alone. */
export function breaksSafety(
  session: Session,
  flags: FailFlags,
  checkpoints: readonly { readonly findings: readonly Finding[] }[],
): boolean {
  if (flags.failOn?.includes('unsafe') !== true) return false;
  const unsafe = checkpoints.flatMap(({ findings }) => findings.filter(isUnsafe));
  if (unsafe.length > 0)
    log(session, `--fail-on unsafe: ${formatNoun(unsafe.length, 'finding')}; see model-diff inspect --security`);
  return unsafe.length > 0;
}
