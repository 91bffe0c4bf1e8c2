import { formatNoun } from '../report/format.ts';
import { choosePaint } from '../report/text/paint.ts';
import type { Finding } from '../types.ts';
import { describeFinding } from './describe-finding.ts';
import { paints, type Session, tell } from './session.ts';

const MOST = 10;

/** Tells on stderr what is wrong or peculiar about a file, unless it is of no consequence. */
export function tellFindings(session: Session, findings: readonly Finding[]): void {
  const serious = findings.filter((finding) => finding.severity !== 'info');
  const paint = choosePaint(paints(session, 'stderr'));
  for (const finding of serious.slice(0, MOST)) tell(session, describeFinding(finding, paint));
  if (serious.length > MOST)
    tell(session, `… and ${formatNoun(serious.length - MOST, 'more finding')}; model-diff inspect lists them`);
}
