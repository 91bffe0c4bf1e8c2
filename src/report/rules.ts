import type { RuleResult, RuleStatus } from '../rules/types.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';

/** How each outcome is called. */
export const STATUS_WORDS: Readonly<Record<RuleStatus, string>> = { passed: 'pass', failed: 'FAIL', unmatched: 'FAIL' };

/** How many rules were broken, as a heading. */
export function describeOutcome(rules: readonly RuleResult[]): string {
  const broken = rules.filter(isBroken).length;
  const all = formatNoun(rules.length, 'rule');
  return broken === 0 ? `${all} kept` : `${formatCount(broken)} of ${all} broken`;
}

/** The rules, broken ones first. */
export function sortRules(rules: readonly RuleResult[]): readonly RuleResult[] {
  return [...rules.filter(isBroken), ...rules.filter((rule) => !isBroken(rule))];
}

/** Whether a rule failed, or had nothing to look at. */
export function isBroken({ status }: RuleResult): boolean {
  return status !== 'passed';
}

/** The tensors of a rule that are worth a line: all that break it, or the one that comes closest. */
export function pickCases({ status, worst }: RuleResult): RuleResult['worst'] {
  return status === 'failed' ? worst : worst.slice(0, 1);
}
