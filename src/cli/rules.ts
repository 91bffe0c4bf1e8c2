import type { Finding } from '../checkpoint/types.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { hasNewNonfinite } from '../comparison/nonfinite.ts';
import { argumentError, type ModelDiffError } from '../errors.ts';
import type { ReportFormat } from '../report/formats.ts';
import { STATUS_WORDS } from '../report/rules.ts';
import type { Rule } from '../rules/rule.ts';
import type { RuleResult } from '../rules/types.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { formatNoun } from '../wording/numbers.ts';
import { listNames } from '../wording/sentences.ts';
import type { FoundConfig } from './config/find-config.ts';
import type { RuleFlags } from './flags.ts';
import { log, type Session } from './session.ts';

/** What a comparison will be held to. */
export interface RulePlan {
  readonly rules: readonly Rule[];
  readonly allowNonfinite: boolean;
}

/** Reads the rules of the configuration and of `--fail-on`, before a long run begins. */
export async function planRules(flags: RuleFlags, found: FoundConfig | null = null): Promise<RulePlan> {
  const { failOn = [], expect = {}, allowNonfinite = false } = found?.config ?? {};
  const allows = flags.allowNonfinite ?? allowNonfinite;
  // What reads them is loaded while the add-on works, unless there is something to read before.
  if (failOn.length + (flags.failOn ?? []).length + Object.keys(expect).length === 0)
    return { rules: [], allowNonfinite: allows };
  const { readRules } = await import('../rules/check.ts');
  const place = (key: string): string => `${found?.path ?? ''}: ${key}`;
  return {
    rules: [
      ...readRules({ failOn, expect }, { failOn: (index) => place(`fail_on[${index}]`), expect: place('expect') }),
      ...readRules({ failOn: flags.failOn ?? [] }, { failOn: () => FLAG, expect: '' }),
    ],
    allowNonfinite: allows,
  };
}

const FLAG = '--fail-on';

/** What became of the rules. */
export async function holdTo({ rules, allowNonfinite }: RulePlan, comparison: Comparison): Promise<readonly RuleResult[]> {
  if (rules.length === 0) return [];
  const { judgeRules } = await import('../rules/check.ts');
  return judgeRules(comparison, rules, allowNonfinite);
}

/** Whether any rule was broken. */
export function isBroken(results: readonly RuleResult[]): boolean {
  return results.some(({ status }) => status === 'failed');
}

/** An error for rules whose pattern matches no tensor: nothing was checked. null where there is none. */
export function describeUnmatched(results: readonly RuleResult[], { columns }: Comparison): ModelDiffError | null {
  const rules = results.filter(({ status }) => status === 'unmatched').map(({ rule }) => rule);
  if (rules.length === 0) return null;
  const names = columns.names.slice(0, 2).map((name) => (name.length > 80 ? `${name.slice(0, 40)}…${name.slice(-39)}` : name));
  return argumentError(
    `no tensor matches the pattern of ${rules.length === 1 ? 'the rule' : 'the rules'} ${listNames(rules)}`,
    `names are such as ${listNames(names)}; model-diff inspect lists them`,
  );
}

/** Whether a person who watches sees in the result itself which rules were broken. */
export function tellsRules(format: ReportFormat | null): boolean {
  return format === 'text' || format === 'github';
}

/** Says on stderr which rules were broken, where the result does not. */
export function logBroken(session: Session, results: readonly RuleResult[]): void {
  for (const { rule, status, message } of results)
    if (status === 'failed') log(session, escapeTerminal(`${STATUS_WORDS[status]} ${rule}: ${message}`));
}

/** Which rule would have caught new NaN and Inf, where none did. */
export function hintAtNonfinite(comparison: Comparison, results: readonly RuleResult[]): string | null {
  if (comparison.new.nonfinite === 0 || results.some(({ status }) => status !== 'passed')) return null;
  const { columns } = comparison;
  const broken = columns.names.filter((_, row) => hasNewNonfinite(columns, row)).length;
  return broken === 0
    ? null
    : `hint: ${formatNoun(broken, 'tensor')} ${broken === 1 ? 'has' : 'have'} new NaN or Inf; --fail-on nan would exit with 1`;
}

/** Whether findings break the rules of a command that compares nothing; says which. */
export async function breaksSafety(session: Session, { failOn = [] }: RuleFlags, findings: readonly Finding[]): Promise<boolean> {
  if (failOn.length === 0) return false;
  const { checkSafety } = await import('../rules/keywords.ts');
  const { status, message } = checkSafety(findings);
  if (status === 'failed') log(session, `FAIL unsafe: ${message}; model-diff inspect --security lists them`);
  return status === 'failed';
}

/** @throws ModelDiffError `E_ARGUMENT` for a rule that is about two checkpoints */
export async function requireSafetyRules(command: string, { failOn = [] }: RuleFlags): Promise<void> {
  const { rules } = await planRules({ failOn });
  const other = rules.find(({ name }) => name !== 'unsafe');
  if (other !== undefined)
    throw argumentError(`${FLAG} ${other.text} makes no sense for model-diff ${command}`, 'its only rule is unsafe');
}
