import { formatNoun } from '../../wording/numbers.ts';
import { describeOrigin } from '../provenance.ts';
import type { Report } from '../report.ts';
import { countOnScreen } from './count-lines.ts';
import { writeCounts } from './counts.ts';
import { writeDepth } from './depth.ts';
import { writeFigures } from './figures.ts';
import { writeFindings, writeNotes } from './findings.ts';
import { writeHeader } from './header.ts';
import { writeInsights } from './insights.ts';
import { chooseLayout, type Layout, type TextOptions } from './layout.ts';
import { writeLeftOut } from './left-out.ts';
import { writeModules } from './modules.ts';
import { COMPARISON_ORDER } from './order.ts';
import { writeRules } from './rules.ts';
import { arrange, type Section } from './sections.ts';
import { shortenNames } from './short-names.ts';
import { writeConfiguration, writeFailed, writeStructure } from './structure.ts';
import { writeOrigin } from './provenance.ts';
import { writeModified } from './tensors.ts';
import { writeVerdict } from './verdict.ts';

export type { TextOptions } from './layout.ts';

/** The report for a terminal or a log. The line after the header is the verdict. */
export function writeText(report: Report, options: TextOptions = {}): string {
  const layout = chooseLayout(options);
  const shorten = shortenNames(report.columns.names, layout);
  const unclassified = report.analysis.summary.unclassified.length;
  const sections: readonly Section[] = [
    writeNotes(report, layout),
    writeRules(report, layout),
    writeCounts(report, layout),
    writeDepth(report, layout),
    writeModules(report, layout),
    writeFigures(report, layout),
    writeInsights(report, layout),
    writeFailed(report, shorten, layout),
    ...writeLeftOut(report, layout),
    writeFindings(report, layout),
    ...writeStructure(report, shorten, layout),
    ...writeConfiguration(report, layout),
    ...writeModified(report, shorten, layout),
    {
      id: 'unclassified',
      isApart: true,
      items: unclassified > 0 ? [[`${formatNoun(unclassified, 'tensor')} with no known layer type`]] : [],
      name: () => 'a note on layer types',
    },
  ];
  const verdict = writeVerdict(report, layout);
  const lines = arrange([writeHeader(report, layout), ...verdict], sections, COMPARISON_ORDER, layout);
  return finish([...keepInSight(lines, verdict, layout), ...writeOrigin(describeOrigin(report), layout)], layout);
}

/** A report that does not fit on the screen, with its conclusion at the end too. */
export function keepInSight(lines: readonly string[], verdict: readonly string[], layout: Layout): readonly string[] {
  return countOnScreen(lines, layout) > layout.screenLines ? [...lines, '', ...verdict] : lines;
}

/** Lines as one text, in the characters that were asked for. */
export function finish(lines: readonly string[], { spell }: Layout): string {
  return spell(`${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}
