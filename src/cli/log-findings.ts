import type { Finding } from '../checkpoint/types.ts';
import { choosePaint } from '../report/text/paint.ts';
import { formatNoun } from '../wording/numbers.ts';
import { describeFinding } from './describe-finding.ts';
import { log, paints, type Session } from './session.ts';

const MOST = 10;

/** Writes what is wrong or peculiar about files to stderr, unless it is of no consequence. */
export function logFindings(session: Session, findings: readonly Finding[]): void {
  const serious = findings.filter((finding) => finding.severity !== 'info');
  const paint = choosePaint(paints(session, 'stderr'));
  for (const finding of serious.slice(0, MOST)) log(session, describeFinding(finding, paint));
  if (serious.length > MOST)
    log(session, `… and ${formatNoun(serious.length - MOST, 'more finding')}; model-diff inspect lists them`);
}
