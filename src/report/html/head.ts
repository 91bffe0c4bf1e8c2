import { describeNameChange } from '../describe-names.ts';
import { formatBytes, formatCosine, formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import type { ComparedSide } from '../../comparison/side.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../text/width.ts';
import { showChosen } from './left-out.ts';
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
export function showSources(report: Report): Markup {
  const { old, new: fresh, summary, oldName, newName } = report;
  const row = (label: string, name: string, side: ComparedSide): Markup =>
    html`<tr><th scope="row">${label}: ${showName(name)}</th><td class="number">${formatCount(side.tensors)}</td><td class="number">${formatCount(side.elements)}</td><td class="number">${formatBytes(side.bytes)}</td><td>${side.dtypes.slice(0, 6).map(([dtype, tensors]) => html`<code>${dtype}</code> <span class="shape">× ${formatCount(tensors)}</span> `)}</td></tr>`;
  return html`<section>
<h2>Checkpoints</h2>
<div class="scroll" role="region" aria-label="Checkpoints" tabindex="0"><table>
<thead><tr><th scope="col">checkpoint</th><th scope="col" class="number">tensors</th><th scope="col" class="number">parameters</th><th scope="col" class="number">size</th><th scope="col">dtypes, by tensors</th></tr></thead>
<tbody>${row('old', oldName, old)}
${row('new', newName, fresh)}</tbody>
</table></div>
${(summary.nameChanges ?? []).map(
  (change) => html`<p class="rest">${truncateMiddle(describeNameChange(change), 400)}</p>
`,
)}
${showChosen(report)}
</section>`;
}

function listFigures({ old, new: fresh, summary, analysis }: Report): Markup[] {
  const { relativeChange } = summary;
  const compared = summary.modifiedTensors + summary.unchangedTensors;
  const figures = [
    showFigure(
      'Relative change, overall',
      formatPercent(analysis.summary.change, 3),
      `size of the change: ${analysis.summary.band}`,
    ),
    showFigure(
      'Tensors modified',
      formatCount(summary.modifiedTensors),
      `of ${formatCount(compared)} comparable; ${formatCount(summary.identicalTensors)} identical${summary.unchangedTensors > summary.identicalTensors ? `, ${formatCount(summary.unchangedTensors - summary.identicalTensors)} within the threshold` : ''}`,
    ),
    relativeChange === null
      ? null
      : showFigure(
          'Median tensor',
          formatPercent(relativeChange.median, 3),
          `99% of the modified tensors below ${formatPercent(relativeChange.p99, 3)}, largest ${formatPercent(relativeChange.max, 3)}`,
        ),
    summary.changedElements === null
      ? null
      : showFigure(
          'Elements changed',
          summary.totalElements === 0 ? '0%' : formatPercent(summary.changedElements / summary.totalElements, 3),
          `${formatCount(summary.changedElements)} of ${formatCount(summary.totalElements)}`,
        ),
    analysis.summary.cosine === null
      ? null
      : showFigure(
          'Cosine, overall',
          formatCosine(1 - analysis.summary.cosine, 5),
          summary.oneMinusCosMax === null ? '' : `smallest of a tensor ${formatCosine(summary.oneMinusCosMax, 5)}`,
        ),
    showFigure(
      'Structure',
      formatCount(summary.addedTensors + summary.removedTensors + summary.reshapedTensors),
      `${formatNoun(summary.addedTensors, 'tensor')} added, ${formatCount(summary.removedTensors)} removed, ${formatCount(summary.reshapedTensors)} reshaped${summary.dtypeChangedTensors > 0 ? `, ${formatCount(summary.dtypeChangedTensors)} with another dtype` : ''}`,
    ),
    showNonfinite(old.nonfinite, fresh.nonfinite),
    summary.failedTensors === 0
      ? null
      : showFigure('Could not be compared', formatCount(summary.failedTensors), 'see below', true),
  ];
  return figures.filter((figure) => figure !== null);
}

function showNonfinite(before: number, after: number): Markup {
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
