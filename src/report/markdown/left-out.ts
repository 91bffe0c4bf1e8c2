import { isOpenQuestion } from '../../comparison/left-out.ts';
import { escapeMarkdown } from '../../wording/escape.ts';
import { listNames } from '../../wording/sentences.ts';
import { describePlace, listChosen, listSerious } from '../findings.ts';
import { describeAllLeftOut, describeDifference, describeKind, describeSize } from '../left-out.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../../wording/width.ts';
import type { MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';

/** What was not compared: what could be weights on a line each, states of training on one. */
export function writeLeftOut({ summary }: Report): MarkdownBlock {
  const words = describeAllLeftOut(summary);
  const weights = (words?.weights ?? []).map((one) => {
    const facts = [describeKind(one), describeSize(one, ' → '), describeDifference(one)].filter((fact) => fact !== '');
    return `- ${isOpenQuestion(one) ? '**warning** ' : ''}${codeName(one.name)}: ${facts.join(', ')}`;
  });
  const states = (words?.states ?? []).map(({ name }) => codeName(name));
  const lines = states.length === 0 ? weights : [...weights, `- state of training: ${listNames(states, 6)}`];
  return {
    title: `Not compared: ${words?.count ?? ''}`,
    head: [],
    lines,
    total: lines.length,
    noun: 'item',
    asItem: (text) => `- ${text}`,
    isFolded: !(words?.weights ?? []).some(isOpenQuestion),
  };
}

/** Which mapping, variant, folder or file was taken, where there was a choice. */
export function listChoices(report: Report): string[] {
  return listChosen(report).map(({ side, finding }) => `- ${side}: ${escapeMarkdown(truncateMiddle(finding.message, 300))}`);
}

/** What is wrong or odd about the files of either side. */
export function writeFindings(report: Report): MarkdownBlock {
  const lines = listSerious(report).map(({ side, finding }) => {
    const place = describePlace(finding);
    const text = `- **${finding.severity}** ${side}: ${escapeMarkdown(truncateMiddle(finding.message, 600))}`;
    return `${text}${place === '' ? '' : ` (${codeName(place)})`} ${codeName(finding.code)}`;
  });
  const isFolded = !listSerious(report).some(({ finding }) => finding.severity === 'critical');
  const total = lines.length;
  return { title: `Findings: ${total}`, head: [], lines, total, noun: 'finding', asItem: (text) => `- ${text}`, isFolded };
}
