import { escapeTerminal } from '../../wording/escape.ts';
import { findLargest } from '../../wording/numbers.ts';
import { measureCells, padCells, wrapWords } from '../../wording/width.ts';
import type { RuleStatus } from '../../rules/types.ts';
import type { Report } from '../report.ts';
import { describeOutcome, isBroken, pickCases, sortRules, STATUS_WORDS } from '../rules.ts';
import { fitName, type Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { counted, type Section } from './sections.ts';

/** Cells of the column of rules at most: a longer rule is cut in the middle on a terminal, and elsewhere written in full. */
const WIDEST = 44;

/** Tensors of a broken rule on a terminal. */
const MOST_ON_TERMINAL = 3;

/** What became of each rule, broken ones first, with the tensors that break it or come closest. */
export function writeRules({ rules }: Report, layout: Layout): Section {
  const { onTerminal, paint, width } = layout;
  const broken = rules.filter(isBroken).length;
  const sorted = sortRules(rules);
  const texts = sorted.map(({ rule }) => fitName(rule, WIDEST, layout));
  const cells = Math.min(WIDEST, findLargest(texts.map(measureCells)));
  const items = sorted.map(({ status, message }, index) => [
    `  ${paint(TONES[status], STATUS_WORDS[status])}  ${padCells(texts[index] ?? '', cells)}  ${escapeTerminal(message)}`,
  ]);
  const details = sorted.map((result) => {
    const cases =
      onTerminal && result.status === 'passed' ? [] : pickCases(result).slice(0, onTerminal ? MOST_ON_TERMINAL : undefined);
    const names = cases.map(({ name, note }) => `${fitName(name, 40, layout)} ${fitName(note, 100, layout)}`);
    const worst = names.length === 0 ? [] : wrapWords(names.join(', '), width - INDENT.length);
    return worst.map((line) => `${INDENT}${paint('dim', line)}`);
  });
  return {
    id: 'rules',
    isApart: true,
    head: [paint(broken > 0 ? 'bad' : 'strong', describeOutcome(rules))],
    items,
    details,
    grave: broken,
    name: broken > 0 ? () => describeOutcome(rules) : counted('rule'),
  };
}

/** Under the rule, behind its status. */
const INDENT = ' '.repeat(8);

const TONES: Readonly<Record<RuleStatus, Tone>> = { passed: 'good', failed: 'bad', unmatched: 'bad' };
