import type { InsightCode, TrainingInsight } from '../../../analysis/types.ts';
import { isOpenQuestion } from '../../../comparison/left-out.ts';
import type { Severity } from '../../../checkpoint/types.ts';
import { formatConfidence, formatNoun } from '../../../wording/numbers.ts';
import { quoteBlank } from '../../../wording/escape.ts';
import { toSnakeCase } from '../../../wording/snake-case.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { listSerious } from '../../findings.ts';
import { describeAllLeftOut } from '../../left-out.ts';
import { sortInsights } from '../../rank.ts';
import type { Report } from '../../report.ts';
import { describeOutcome, isBroken } from '../../rules.ts';
import type { PageTensors } from '../data/page-tensors.ts';
import { parseFilter } from '../view/filter.ts';
import { selectRows } from '../view/filter-terms.ts';
import { html, type Markup } from '../view/markup.ts';
import { HOW_WE_KNOW } from './how-we-know.ts';
import { findQuery } from './queries.ts';

/** What stands beside the map: what is wrong, then what the analysis found. */
export function showFindingsPanel(report: Report, tensors: PageTensors): Markup {
  const items = [
    ...listProblems(report),
    ...sortInsights(report.analysis.insights).map((insight) => showInsight(insight, tensors)),
  ];
  if (items.length === 0)
    return html`<section id="findings"><h2>Findings</h2><p class="note">Nothing beyond the first line.</p></section>`;
  return html`<section id="findings">
<h2>Findings</h2>
<ul class="findings">
${items}</ul>
</section>`;
}

/** Rules, files and parts that were not compared; each has a section of its own further down. */
function listProblems(report: Report): Markup[] {
  const items: Markup[] = [];
  const broken = report.rules.filter(isBroken).length;
  if (broken > 0) items.push(showProblem('critical', describeOutcome(report.rules), 'rules'));
  const serious = listSerious(report);
  const [worst] = serious;
  if (worst !== undefined)
    items.push(
      showProblem(
        worst.finding.severity,
        serious.length === 1
          ? truncateMiddle(worst.finding.message, 200)
          : `${formatNoun(serious.length, 'finding')} in the files`,
        'files',
      ),
    );
  const open = report.summary.leftOut.filter(isOpenQuestion).length;
  const isTold = report.analysis.insights.some(({ code }) => code === 'left_out');
  if (open > 0 && !isTold)
    items.push(showProblem('warning', `Not compared: ${describeAllLeftOut(report.summary)?.count ?? ''}`, 'left-out'));
  return items;
}

function showProblem(severity: Severity, words: string, id: string): Markup {
  return html`<li class="${severity}"><h3>${words}</h3><p><a href="#${id}">show →</a></p></li>\n`;
}

function showInsight(insight: TrainingInsight, tensors: PageTensors): Markup {
  const { code, title, description, severity, confidence } = insight;
  const sure = confidence === undefined ? null : html` <span class="sure">${formatConfidence(confidence)} sure</span>`;
  return html`<li class="${severity}"><h3>${truncateMiddle(quoteBlank(title), 300)}${sure}</h3>
<p>${truncateMiddle(description, 2000)}</p>
${showLink(insight, tensors)}
<details><summary>How we know</summary><p>${HOW_WE_KNOW[code]} <a href="#about">All formulas</a></p>${showEvidence(insight)}</details></li>\n`;
}

/** A link that filters the table, with the number of tensors that it leaves. */
function showLink(insight: TrainingInsight, tensors: PageTensors): Markup | null {
  const section = SECTIONS[insight.code];
  if (section !== undefined) return html`<p><a href="#${section}">show →</a></p>`;
  const query = findQuery(insight);
  if (query === null) return null;
  const rows = selectRows(parseFilter(query, tensors), tensors).length;
  return rows === 0
    ? null
    : html`<p class="live"><a href="#q=${encodeURIComponent(query)}" data-query="${query}">show ${formatNoun(rows, 'tensor')} →</a></p>`;
}

/** Findings that a section tells more of. */
const SECTIONS: Partial<Readonly<Record<InsightCode, string>>> = {
  configuration_changed: 'configuration',
  left_out: 'left-out',
};

function showEvidence({ evidence }: TrainingInsight): Markup {
  const entries = Object.entries(evidence);
  if (entries.length === 0) return html``;
  return html`<dl class="evidence">
${entries.map(([key, value]) => html`<dt>${toSnakeCase(truncateMiddle(key, 80)).replaceAll('_', ' ')}</dt><dd>${truncateMiddle(spell(value), 400)}</dd>\n`)}</dl>`;
}

function spell(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && !Number.isInteger(value))
    return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : '–';
  return JSON.stringify(value) ?? '–';
}
