import { describeNameChange } from '../describe-names.ts';
import { formatBytes, formatCosine, formatCount, formatNoun, formatPercent } from '../format.ts';
import type { SideOverview } from '../overview.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../text/width.ts';
import { html, type Markup } from './markup.ts';
import { showName } from './name.ts';

/** Names, verdict and the numbers that sum the change up. */
export function showHead(report: Report): Markup {
  const { analysis, oldName, newName } = report;
  return html`<header>
<h1>${showName(oldName)}<span class="arrow"> → </span>${showName(newName)}</h1>
<p class="verdict">${truncateMiddle(analysis.summary.verdict, 2000)}</p>
<dl class="figures">
${listFigures(report)}
</dl>
</header>`;
}

/** What both checkpoints consist of. */
export function showSources({ overview, summary, oldName, newName }: Report): Markup {
  const row = (label: string, name: string, side: SideOverview): Markup =>
    html`<tr><th scope="row">${label}: ${showName(name)}</th><td class="number">${formatCount(side.tensors)}</td><td class="number">${formatCount(side.elements)}</td><td class="number">${formatBytes(side.bytes)}</td><td>${side.dtypes.slice(0, 6).map(([dtype, tensors]) => html`<code>${dtype}</code> <span class="shape">× ${formatCount(tensors)}</span> `)}</td></tr>`;
  return html`<section>
<h2>Checkpoints</h2>
<div class="scroll" role="region" aria-label="Checkpoints" tabindex="0"><table>
<thead><tr><th scope="col">checkpoint</th><th scope="col" class="number">tensors</th><th scope="col" class="number">parameters</th><th scope="col" class="number">size</th><th scope="col">dtypes, by tensors</th></tr></thead>
<tbody>${row('old', oldName, overview.old)}
${row('new', newName, overview.new)}</tbody>
</table></div>
${(summary.nameChanges ?? []).map(
  (change) => html`<p class="rest">${truncateMiddle(describeNameChange(change), 400)}</p>
`,
)}
</section>`;
}

function listFigures({ overview, summary, analysis }: Report): Markup[] {
  const { relativeChange } = overview;
  const compared = overview.modified + overview.unchanged;
  const figures = [
    showFigure(
      'Relative change, overall',
      formatPercent(analysis.summary.change),
      `size of the change: ${analysis.summary.band}`,
    ),
    showFigure(
      'Tensors modified',
      formatCount(overview.modified),
      `of ${formatCount(compared)} comparable; ${formatCount(overview.identical)} identical${overview.unchanged > overview.identical ? `, ${formatCount(overview.unchanged - overview.identical)} within the threshold` : ''}`,
    ),
    relativeChange === null
      ? null
      : showFigure(
          'Median tensor',
          formatPercent(relativeChange.median),
          `99 % of the modified tensors below ${formatPercent(relativeChange.p99)}, largest ${formatPercent(relativeChange.max)}`,
        ),
    summary.changedElements === null
      ? null
      : showFigure(
          'Elements changed',
          summary.totalElements === 0 ? '0 %' : formatPercent(summary.changedElements / summary.totalElements),
          `${formatCount(summary.changedElements)} of ${formatCount(summary.totalElements)}`,
        ),
    analysis.summary.cosine === null
      ? null
      : showFigure(
          'Cosine, overall',
          formatCosine(analysis.summary.cosine, 1 - analysis.summary.cosine),
          overview.oneMinusCosMax === null
            ? ''
            : `smallest of a tensor ${formatCosine(1 - overview.oneMinusCosMax, overview.oneMinusCosMax)}`,
        ),
    showFigure(
      'Structure',
      formatCount(overview.added + overview.removed + overview.shapeChanged),
      `${formatNoun(overview.added, 'tensor')} added, ${formatCount(overview.removed)} removed, ${formatCount(overview.shapeChanged)} reshaped${overview.dtypeChanged > 0 ? `, ${formatCount(overview.dtypeChanged)} with another dtype` : ''}`,
    ),
    showNonfinite(overview.old.nonfinite, overview.new.nonfinite),
    overview.failed === 0 ? null : showFigure('Could not be compared', formatCount(overview.failed), 'see below', true),
  ];
  return figures.filter((figure) => figure !== null);
}

function showNonfinite(before: number | null, after: number | null): Markup | null {
  if (before === null || after === null) return null;
  return showFigure(
    'NaN and Inf',
    formatCount(after),
    after === 0 && before === 0 ? 'none on either side' : `${formatCount(before)} in the old checkpoint`,
    after > before,
  );
}

function showFigure(label: string, value: string, remark: string, alarm: boolean = false): Markup {
  return html`<div><dt>${label}</dt><dd${alarm ? html` class="alarm"` : null}>${value}</dd><dd class="remark">${remark}</dd></div>\n`;
}
