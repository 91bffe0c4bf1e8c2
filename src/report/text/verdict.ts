import { BANDS } from '../../analysis/bands.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatPercent, formatPercentRange } from '../../wording/numbers.ts';
import { measureCells, wrapWords } from '../../wording/width.ts';
import type { Report } from '../report.ts';
import type { Layout } from './layout.ts';

/** The conclusion, and after it the band that its size is in, where weights were trained or edited. */
export function writeVerdict(report: Report, layout: Layout): string[] {
  const verdict = escapeTerminal(report.analysis.summary.verdict);
  const lines = layout.onTerminal ? wrapWords(verdict, layout.width) : [verdict];
  const band = describeBand(report);
  const painted = lines.map((line) => layout.paint('strong', line));
  if (band === '') return painted;
  const last = layout.paint('dim', band);
  const fits = !layout.onTerminal || measureCells(lines.at(-1) ?? '') + 3 + measureCells(band) <= layout.width;
  return fits ? [...painted.slice(0, -1), `${painted.at(-1) ?? ''}   ${last}`] : [...painted, last];
}

/** `(strong: 5–25%)`; with the overall change where the sentence does not tell it: `(12% overall, strong: 5–25%)`. */
function describeBand({ analysis }: Report): string {
  const { band, change, verdict } = analysis.summary;
  const at = BANDS.findIndex((entry) => entry.band === band);
  const upper = BANDS[at]?.below;
  if (upper === undefined || change === null || !analysis.insights.some(({ code }) => code === 'size')) return '';
  const lower = BANDS[at - 1]?.below;
  const range =
    lower === undefined
      ? `below ${formatPercent(upper)}`
      : upper === Infinity
        ? `${formatPercent(lower)} and more`
        : formatPercentRange(lower, upper);
  const overall = formatPercent(change);
  const isTold = ` ${verdict}`.split(/[\s;,]+/u).some((word) => word.replace(/\.$/u, '') === overall);
  return `(${isTold ? '' : `${overall} overall, `}${band}: ${range})`;
}
