import { escapeMarkdown } from '../../wording/escape.ts';
import { truncateMiddle } from '../../wording/width.ts';
import type { Report } from '../report.ts';
import { describeOutcome, pickCases, sortRules, STATUS_WORDS } from '../rules.ts';
import type { MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';

/** What became of each rule, broken ones first. */
export function writeRules({ rules }: Report): MarkdownBlock {
  const lines = sortRules(rules).map((result) => {
    const { rule, status, message } = result;
    const worst = pickCases(result).map(({ name, note }) => `${codeName(name)} ${escapeMarkdown(truncateMiddle(note, 100))}`);
    const word = status === 'passed' ? STATUS_WORDS[status] : `**${STATUS_WORDS[status]}**`;
    return `| ${word} | ${codeName(rule)} | ${escapeMarkdown(message)} | ${worst.join('<br>')} |`;
  });
  return {
    title: describeOutcome(rules),
    head: ['| | rule | found | worst |', '| --- | --- | --- | --- |'],
    lines,
    total: lines.length,
    noun: 'rule',
    asItem: (text) => `\n${text}`,
    isFolded: false,
  };
}
