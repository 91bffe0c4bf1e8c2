import type { InsightCode } from '../../analysis/types.ts';
import type { Severity } from '../../checkpoint/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatConfidence } from '../../wording/numbers.ts';
import { wrapWords } from '../../wording/width.ts';
import { sortInsights } from '../rank.ts';
import type { Report } from '../report.ts';
import type { Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { counted, type Section } from './sections.ts';

/** The explained conclusions, the most severe first. */
export function writeInsights({ analysis }: Report, layout: Layout): Section {
  const insights = sortInsights(analysis.insights);
  return {
    id: 'insights',
    isApart: true,
    head: [layout.paint('strong', 'insights')],
    items: insights.map(({ title, severity, confidence }) => {
      const sure = confidence === undefined ? '' : ` (${formatConfidence(confidence)} sure)`;
      return [`  ${layout.paint(TONES[severity], severity.padEnd(9))}${layout.paint('strong', escapeTerminal(title))}${sure}`];
    }),
    details: insights.map(({ description }) =>
      wrapWords(escapeTerminal(description), layout.width - INDENT).map((line) => ' '.repeat(INDENT) + line),
    ),
    grave: insights.findLastIndex(({ severity, code }) => severity !== 'info' && !TOLD_ABOVE.has(code)) + 1,
    name: counted('insight'),
  };
}

/** What the conclusion and the counts tell too: where lines are few, these may wait. */
const TOLD_ABOVE: ReadonlySet<InsightCode> = new Set<InsightCode>([
  'non_finite_appeared',
  'architecture_changed',
  'configuration_changed',
]);

/** Cells before what is said: the severity stands there. */
export const INDENT = 11;
export const TONES: Readonly<Record<Severity, Tone>> = { critical: 'bad', warning: 'warn', info: 'accent' };
