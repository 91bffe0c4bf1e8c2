import type { Finding } from '../checkpoint/types.ts';
import type { UnusedRule } from '../names/match.ts';

/** A rule of the caller that changed no name, as a finding: most often it is misspelt. */
export function describeUnused({ side, rule: { kind, text } }: UnusedRule): Finding {
  const where = side === 'both' ? 'either checkpoint' : `the ${side} checkpoint`;
  const words = kind === 'strip' ? 'begins with' : 'is changed by';
  return {
    code: 'UnusedRule',
    severity: 'warning',
    message: `no name of ${where} ${words} ${JSON.stringify(text)}`,
    path: null,
    offset: null,
  };
}
