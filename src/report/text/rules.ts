import { escapeTerminal } from '../../wording/escape.ts';
import { measureCells, padCells, truncateMiddle, wrapWords } from '../../wording/width.ts';
import type { RuleStatus } from '../../rules/types.ts';
import type { Report } from '../report.ts';
import { describeOutcome, pickCases, STATUS_WORDS } from '../rules.ts';
import { fitName, type Layout } from './layout.ts';
import type { Tone } from './paint.ts';

/** Cells of a rule at most; a longer one is cut in the middle. */
const WIDEST = 44;

/** Tensors of a broken rule on a terminal. */
const MOST_ON_TERMINAL = 3;

/** What became of each rule, with the tensors that break it or come closest. Nothing where there are no rules. */
export function writeRules({ rules }: Report, layout: Layout): string[] {
  if (rules.length === 0) return [];
  const { glyphs, onTerminal, paint, width } = layout;
  const isBroken = rules.some(({ status }) => status !== 'passed');
  const texts = rules.map(({ rule }) => truncateMiddle(escapeTerminal(rule), WIDEST, glyphs.ellipsis));
  const cells = Math.max(...texts.map(measureCells));
  const lines = rules.flatMap((result, index) => {
    const status = paint(TONES[result.status], STATUS_WORDS[result.status]);
    const first = `  ${status}  ${padCells(texts[index] ?? '', cells)}  ${escapeTerminal(result.message)}`;
    const cases =
      onTerminal && result.status === 'passed' ? [] : pickCases(result).slice(0, onTerminal ? MOST_ON_TERMINAL : undefined);
    const names = cases.map(({ name, note }) => `${fitName(name, 40, layout)} ${fitName(note, 100, layout)}`);
    const worst = names.length === 0 ? [] : wrapWords(names.join(', '), width - INDENT.length);
    return [first, ...worst.map((line) => `${INDENT}${paint('dim', line)}`)];
  });
  return ['', paint(isBroken ? 'bad' : 'strong', describeOutcome(rules)), ...lines];
}

/** Under the rule, behind its status. */
const INDENT = ' '.repeat(8);

const TONES: Readonly<Record<RuleStatus, Tone>> = { passed: 'good', failed: 'bad', unmatched: 'bad' };
