import type { Severity } from '../../checkpoint/types.ts';
import { isOpenQuestion } from '../../comparison/left-out.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatRest } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import { describePlace, listChosen, listSerious } from '../findings.ts';
import { describeAllLeftOut, describeDifference, describeKind, describeSize } from '../left-out.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { measureCells, wrapWords } from './width.ts';

/** What was not compared: what could be weights on a line each, states of training on one. */
export function writeLeftOut({ summary }: Report, layout: Layout): string[] {
  const words = describeAllLeftOut(summary);
  if (words === null) return [];
  const tone = words.weights.some(isOpenQuestion) ? 'warn' : 'strong';
  const lines = ['', layout.paint(tone, `not compared: ${words.count}`)];
  for (const one of words.weights.slice(0, layout.rows)) {
    const facts = [describeKind(one), describeSize(one, layout.glyphs.arrow), describeDifference(one)].filter(
      (fact) => fact !== '',
    );
    const text = facts.join('  ');
    const name = fitName(one.name, layout.width - measureCells(text) - 6, layout);
    const sign = isOpenQuestion(one) ? layout.paint('warn', layout.glyphs.shape) : layout.glyphs.identical;
    lines.push(`  ${sign} ${name}  ${layout.paint('dim', text)}`);
  }
  const rest = formatRest(words.weights.length - layout.rows, 'set of weights', 'sets of weights');
  if (rest !== '') lines.push(`  ${rest}${layout.moreHint}`);
  if (words.states.length > 0) {
    const names = words.states.map(({ name }) => fitName(name, 60, layout));
    lines.push(
      ...wrapWords(`state of training: ${listNames(names, 6)}`, layout.width - 4).map(
        (line) => `    ${layout.paint('dim', line)}`,
      ),
    );
  }
  return lines;
}

/** Which mapping, variant, folder or file was taken, where there was a choice. */
export function writeChosen(report: Report, layout: Layout): string[] {
  return listChosen(report).flatMap(({ side, finding }) => {
    const tone = finding.severity === 'info' ? 'dim' : 'warn';
    const text = escapeTerminal(`${side}: ${finding.message}`);
    return (layout.onTerminal ? wrapWords(text, layout.width) : [text]).map((line) => layout.paint(tone, line));
  });
}

/** What is wrong or odd about the files of either side. */
export function writeFindings(report: Report, layout: Layout): string[] {
  const findings = listSerious(report);
  if (findings.length === 0) return [];
  const lines = ['', layout.paint('strong', 'findings')];
  for (const { side, finding } of findings.slice(0, layout.rows)) {
    const place = describePlace(finding);
    const text = `${side}: ${finding.message}${place === '' ? '' : ` (${place})`} [${finding.code}]`;
    const [first = '', ...others] = wrapWords(escapeTerminal(text), layout.width - 11);
    lines.push(
      `  ${layout.paint(TONES[finding.severity], finding.severity.padEnd(9))}${first}`,
      ...others.map((line) => ' '.repeat(11) + line),
    );
  }
  const rest = formatRest(findings.length - layout.rows, 'finding');
  return rest === '' ? lines : [...lines, `  ${rest}${layout.moreHint}`];
}

const TONES: Readonly<Record<Severity, Tone>> = { critical: 'bad', warning: 'warn', info: 'accent' };
