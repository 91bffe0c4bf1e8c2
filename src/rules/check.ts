import { readRows } from '../analysis/rows.ts';
import type { TensorRow } from '../analysis/tensor-row.ts';
import { checkComparison } from '../comparison/check.ts';
import type { Comparison } from '../comparison/comparison.ts';
import type { ComparisonData } from '../comparison/data.ts';
import { checkOptions, flag, nested, type OptionsOf, texts } from '../options.ts';
import { readExpectations } from './expect.ts';
import { parseRule } from './parse.ts';
import type { Rule } from './rule.ts';
import type { Expectations, RuleResult, Rules } from './types.ts';

const EXPECTATIONS: OptionsOf<Expectations> = {
  may: nested({ add: texts, remove: texts, change: texts } satisfies OptionsOf<NonNullable<Expectations['may']>>),
  identical: texts,
};

const RULES: OptionsOf<Rules> = { failOn: texts, expect: nested(EXPECTATIONS), allowNonfinite: flag };

/**
 * Holds a comparison to rules: the gates of the command line as a pure function. A number that does not exist breaks a rule on numbers,
 * and so does the change of a tensor with new NaN or Inf; a tensor that could not be read breaks `nan`, `structure`, `dtype` and `changed` too. A
 * pattern that matches no tensor gives `unmatched`.
 *
 * @returns what became of each rule, in their order, those of `expect` last
 * @throws `ModelDiffError` of kind `Argument` for a rule that makes no sense, with the nearest right word, or what is no comparison.
 *
 * @example
 * const results = checkRules(comparison, { failOn: ['nan', 'change>5%', 'changed_elements>0@model.embed*'] });
 * const isFine = results.every(({ status }) => status === 'passed');
 */
export function checkRules(comparison: Comparison | ComparisonData, rules: Rules): readonly RuleResult[] {
  checkComparison(comparison, 'checkRules');
  checkOptions(rules, RULES, 'checkRules');
  return judgeRules(comparison, readRules(rules), rules.allowNonfinite);
}

/**
 * Reads rules before there is anything to judge.
 * @param places what rules and expectations are called in messages
 */
export function readRules(
  { failOn = [], expect = {} }: Rules,
  places: { readonly failOn: (index: number) => string; readonly expect: string } = PLACES,
): readonly Rule[] {
  return [...failOn.map((text, index) => parseRule(text, places.failOn(index))), ...readExpectations(expect, places.expect)];
}

const PLACES = { failOn: (index: number): string => `failOn[${index}]`, expect: 'expect' };

/** What becomes of rules that have been read. */
export function judgeRules(comparison: ComparisonData, rules: readonly Rule[], allowNonfinite = false): readonly RuleResult[] {
  const { columns, summary, old, new: fresh } = comparison;
  let rows: readonly TensorRow[] | undefined;
  const subject = {
    columns,
    summary,
    old,
    new: fresh,
    allowNonfinite,
    get rows() {
      return (rows ??= readRows(columns, null));
    },
  };
  return rules.map(({ text, judge }) => ({ rule: text, ...judge(subject) }));
}
