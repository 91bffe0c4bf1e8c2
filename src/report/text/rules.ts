import { escapeTerminal } from '../../wording/escape.ts';
import { measureCells, padCells, truncateMiddle, wrapWords } from '../../wording/width.ts';
import type { RuleStatus } from '../../rules/types.ts';
import type { Report } from '../report.ts';
import { describeOutcome, pickCases, STATUS_WORDS } from '../rules.ts';
import { fitName, type Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { counted, type Section } from './sections.ts';

/** Cells of a rule at most; a longer one is cut in the middle. */
const WIDEST = 44;

/** Tensors of a broken rule on a terminal. */
const MOST_ON_TERMINAL = 3;

/** What became of each rule, broken ones first, with the tensors that break it or come closest. */
export function writeRules({ rules }: Report, layout: Layout): Section {
  const { glyphs, onTerminal, paint, width } = layout;
  const broken = rules.filter(({ status }) => status !== 'passed');
  const sorted = [...broken, ...rules.filter(({ status }) => status === 'passed')];
  const texts = sorted.map(({ rule }) => truncateMiddle(escapeTerminal(rule), WIDEST, glyphs.ellipsis));
  const cells = Math.max(0, ...texts.map(measureCells));
  const items = sorted.map((result, index) => {
    const status = paint(TONES[result.status], STATUS_WORDS[result.status]);
    const first = `  ${status}  ${padCells(texts[index] ?? '', cells)}  ${escapeTerminal(result.message)}`;
    const cases =
      onTerminal && result.status === 'passed' ? [] : pickCases(result).slice(0, onTerminal ? MOST_ON_TERMINAL : undefined);
    const names = cases.map(({ name, note }) => `${fitName(name, 40, layout)} ${fitName(note, 100, layout)}`);
    const worst = names.length === 0 ? [] : wrapWords(names.join(', '), width - INDENT.length);
    return [first, ...worst.map((line) => `${INDENT}${paint('dim', line)}`)];
  });
  return {
    id: 'rules',
    isApart: true,
    head: [paint(broken.length > 0 ? 'bad' : 'strong', describeOutcome(rules))],
    items,
    grave: broken.length,
    name: counted('rule'),
  };
}

/** Under the rule, behind its status. */
const INDENT = ' '.repeat(8);

const TONES: Readonly<Record<RuleStatus, Tone>> = { passed: 'good', failed: 'bad', unmatched: 'bad' };
