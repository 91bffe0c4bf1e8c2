import type { RuleCase, RuleResult } from '../../rules/types.ts';
import { described, list, named, number, numberOrNull, object, oneOf, type Schema, string } from './schema.ts';

/** What became of the rules. */
export const RULES_SCHEMA: Schema = described(
  'What became of each rule that the comparison was held to; absent where there was none.',
  list(
    named(
      'rule_result',
      object<RuleResult>({
        rule: described('The rule as it was written.', string),
        status: described(
          'unmatched: the pattern of the rule matches no tensor, so that nothing was looked at.',
          oneOf(['passed', 'failed', 'unmatched']),
        ),
        value: described('The number that decided; null where the rule asks for none, or there is none.', numberOrNull),
        tensors: described('Tensors that the rule is about.', number),
        broken: described('Those that break it; findings for unsafe, keys for config.', number),
        message: described('What was found, in a few words.', string),
        worst: described(
          'The first few that break it, the worst first; where none does, those that came closest.',
          list(
            named(
              'rule_case',
              object<RuleCase>({
                name: described('Name of the tensor; of the file for unsafe, of the key for config.', string),
                value: numberOrNull,
                note: described('The number as people read it, or why there is none.', string),
              }),
            ),
          ),
        ),
      }),
    ),
  ),
);
