import type { Severity } from '../../checkpoint/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatConfidence } from '../../wording/numbers.ts';
import { sortInsights } from '../rank.ts';
import type { Report } from '../report.ts';
import type { Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import { wrapWords } from '../../wording/width.ts';

/** The explained conclusions, the most severe first. */
export function writeInsights({ analysis }: Report, layout: Layout): string[] {
  if (analysis.insights.length === 0) return [];
  const lines = ['', layout.paint('strong', 'insights')];
  for (const insight of sortInsights(analysis.insights)) {
    const sure = insight.confidence === undefined ? '' : ` (${formatConfidence(insight.confidence)} sure)`;
    const word = insight.severity.padEnd(9);
    lines.push(`  ${layout.paint(TONES[insight.severity], word)}${layout.paint('strong', escapeTerminal(insight.title))}${sure}`);
    for (const line of wrapWords(escapeTerminal(insight.description), layout.width - 11)) lines.push(`${' '.repeat(11)}${line}`);
  }
  return lines;
}

const TONES: Readonly<Record<Severity, Tone>> = { critical: 'bad', warning: 'warn', info: 'accent' };
