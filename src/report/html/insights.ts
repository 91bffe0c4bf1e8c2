import { formatConfidence } from '../../wording/numbers.ts';
import { toSnakeCase } from '../../wording/snake-case.ts';
import { sortInsights } from '../rank.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { html, type Markup } from './markup.ts';

/** The explained conclusions, each with the numbers it rests on. */
export function showInsights({ analysis }: Report): Markup {
  if (analysis.insights.length === 0) return html``;
  const items = sortInsights(analysis.insights).map(
    (insight) => html`<li><span class="severity ${insight.severity}">${insight.severity}</span><div>
<h3>${truncateMiddle(insight.title, 300)}${insight.confidence === undefined ? null : html` <span class="sure">${formatConfidence(insight.confidence)} sure</span>`}</h3>
<p>${truncateMiddle(insight.description, 2000)}</p>
${showEvidence(insight.evidence)}</div></li>\n`,
  );
  return html`<section>
<h2>What the comparison found</h2>
<ul class="insights">
${items}</ul>
</section>`;
}

function showEvidence(evidence: Readonly<Record<string, unknown>>): Markup {
  const entries = Object.entries(evidence);
  if (entries.length === 0) return html``;
  const rows = entries.map(
    ([key, value]) =>
      html`<dt>${toSnakeCase(truncateMiddle(key, 80)).replaceAll('_', ' ')}</dt><dd><code>${truncateMiddle(describe(value), 400)}</code></dd>\n`,
  );
  return html`<details><summary>Evidence</summary><dl class="evidence">
${rows}</dl></details>`;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && !Number.isInteger(value))
    return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : '–';
  return JSON.stringify(value) ?? '–';
}
