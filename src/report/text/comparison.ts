import { describeNameChange } from '../describe.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatNoun } from '../../wording/numbers.ts';
import type { Report } from '../report.ts';
import { spellAscii } from './ascii.ts';
import { writeHeader } from './header.ts';
import { writeInsights } from './insights.ts';
import { chooseLayout, type TextOptions } from './layout.ts';
import { writeChosen, writeFindings, writeLeftOut } from './left-out.ts';
import { writeCounts, writeNumbers } from './numbers.ts';
import { writeRules } from './rules.ts';
import { writeConfiguration, writeFailed, writeStructure } from './structure.ts';
import { writeModified } from './tensors.ts';
import { wrapWords } from '../../wording/width.ts';

export type { TextOptions } from './layout.ts';

/** The report for a terminal or a log. The first line after the two of the header is the verdict. */
export function writeText(report: Report, options: TextOptions = {}): string {
  const layout = chooseLayout(options);
  const verdict = escapeTerminal(report.analysis.summary.verdict);
  const unclassified = report.analysis.summary.unclassified.length;
  const lines = [
    ...writeHeader(report, layout),
    ...(layout.onTerminal ? wrapWords(verdict, layout.width) : [verdict]).map((line) => layout.paint('strong', line)),
    ...(report.summary.nameChanges ?? []).map((change) => layout.paint('dim', escapeTerminal(describeNameChange(change)))),
    ...writeChosen(report, layout),
    ...writeRules(report, layout),
    '',
    ...writeCounts(report, layout),
    ...writeNumbers(report, layout),
    ...writeInsights(report, layout),
    ...writeFailed(report, layout),
    ...writeLeftOut(report, layout),
    ...writeFindings(report, layout),
    ...writeStructure(report, layout),
    ...writeConfiguration(report, layout),
    ...writeModified(report, layout),
    ...(unclassified > 0 ? ['', `  ${formatNoun(unclassified, 'tensor')} with no known layer type`] : []),
  ];
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return options.ascii === true ? spellAscii(text) : text;
}
