import { escapeTerminal } from '../wording/escape.ts';
import { spellFlags } from './option-flags.ts';
import type { Paint } from '../report/text/paint.ts';
import type { Finding } from '../checkpoint/types.ts';

/** One line: `warning[CrcMismatch]: … (file, offset 12)`. */
export function describeFinding(finding: Finding, paint: Paint): string {
  const offset = finding.offset === null ? '' : `, offset ${finding.offset}`;
  const place = finding.path === null ? '' : ` (${finding.path}${offset})`;
  const tone = finding.severity === 'critical' ? 'bad' : finding.severity === 'warning' ? 'warn' : 'accent';
  return `${paint(tone, `${finding.severity}[${escapeTerminal(finding.code)}]`)}: ${escapeTerminal(spellFlags(finding.message, undefined) + place)}`;
}
