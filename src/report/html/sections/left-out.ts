import { isOpenQuestion, type LeftOutDifference } from '../../../comparison/left-out.ts';
import { formatRest } from '../../../wording/numbers.ts';
import { describePlace, listChosen, listSerious } from '../../findings.ts';
import { describeAllLeftOut, describeDifference, describeKind, describeSize } from '../../left-out.ts';
import type { Report } from '../../report.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';

/** States of training that are named. */
const MOST_STATES = 20;

/** What was not compared: what could be weights in a table, states of training in a line. */
export function showLeftOut({ summary }: Report, rows: number): Markup {
  const words = describeAllLeftOut(summary);
  if (words === null) return html``;
  const { weights, states } = words;
  const rest = formatRest(weights.length - rows, 'set of weights', 'sets of weights');
  return html`<section id="left-out">
<h2>Not compared: ${words.count}</h2>
${
  weights.length === 0
    ? null
    : html`<div class="scroll" role="region" aria-label="Not compared" tabindex="0"><table>
<thead><tr><th scope="col">what</th><th scope="col" class="number">size</th><th scope="col">difference</th></tr></thead>
<tbody>${weights.slice(0, rows).map(showRow)}</tbody>
</table></div>`
}
${rest === '' ? null : html`<p class="rest">${rest}</p>`}
${states.length === 0 ? null : html`<p class="rest">State of training: ${states.slice(0, MOST_STATES).map(({ name }) => html`${showName(name)} `)}${formatRest(states.length - MOST_STATES, 'file')}</p>`}
</section>`;
}

function showRow(one: LeftOutDifference): Markup {
  const kind = describeKind(one);
  const difference = isOpenQuestion(one)
    ? html`<span class="severity warning">warning</span> ${describeDifference(one)}`
    : html`${describeDifference(one)}`;
  return html`<tr><th scope="row">${showName(one.name)}${kind === '' ? null : html` <span class="shape">${kind}</span>`}</th><td class="number">${describeSize(one, ' → ')}</td><td>${difference}</td></tr>\n`;
}

/** Which mapping, variant, folder or file was taken, where there was a choice. */
export function showChosen(report: Report): readonly Markup[] {
  return listChosen(report).map(
    ({ side, finding }) => html`<p class="rest">${side}: ${truncateMiddle(finding.message, 400)}</p>\n`,
  );
}

/** What is wrong or odd about the files of either side. */
export function showFindings(report: Report, rows: number): Markup {
  const findings = listSerious(report);
  if (findings.length === 0) return html``;
  const items = findings.slice(0, rows).map(({ side, finding }) => {
    const place = describePlace(finding);
    return html`<li class="${finding.severity}"><h3>${side}: ${truncateMiddle(finding.message, 600)}</h3>
<p>${place === '' ? null : html`${showName(place)} `}<code>${finding.code}</code></p></li>\n`;
  });
  const rest = formatRest(findings.length - rows, 'finding');
  return html`<section id="files">
<h2>In the files</h2>
<ul class="findings">
${items}</ul>
${rest === '' ? null : html`<p class="rest">${rest}</p>`}
</section>`;
}
