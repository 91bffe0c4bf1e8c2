import type { ComparedSide } from '../../../comparison/side.ts';
import { formatBytes, formatCount, formatRest } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { describeNameChange } from '../../../names/name-change.ts';
import type { Report } from '../../report.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';
import { showChosen } from './left-out.ts';

/** Files of a side that are listed. */
const MOST_FILES = 20;
const MOST_DTYPES = 12;

/** What both checkpoints consist of, side by side. */
export function showCheckpoints(report: Report): Markup {
  const { comparison, old, new: fresh, summary, oldName, newName } = report;
  const { provenance } = comparison;
  return html`<section id="checkpoints">
<h2>Checkpoints</h2>
<div class="pair">
${showSide('old', oldName, provenance?.old ?? null, old)}
${showSide('new', newName, provenance?.new ?? null, fresh)}
</div>
${(summary.nameChanges ?? []).map((change) => html`<p class="rest">${truncateMiddle(describeNameChange(change), 400)}</p>\n`)}
${showChosen(report)}
</section>`;
}

function showSide(label: string, name: string, place: string | null, side: ComparedSide): Markup {
  const dtypes = side.dtypes
    .slice(0, MOST_DTYPES)
    .map(([dtype, tensors]) => html`<code>${dtype}</code> <span class="dim">× ${formatCount(tensors)}</span> `);
  const files = side.files
    .slice(0, MOST_FILES)
    .map(({ path, bytes }) => html`<li>${showName(path)} <span class="dim">${formatBytes(bytes)}</span></li>\n`);
  const rest = formatRest(side.files.length - MOST_FILES, 'file');
  return html`<div class="side"><h3><span class="dim">${label}</span> ${showName(name)}</h3>
<dl class="numbers">${place === null ? null : html`<dt>path</dt><dd>${showName(place)}</dd>`}<dt>format</dt><dd>${side.format}</dd><dt>tensors</dt><dd>${formatCount(side.tensors)}</dd><dt>parameters</dt><dd>${formatCount(side.elements)}</dd><dt>size</dt><dd>${formatBytes(side.bytes)}</dd><dt>dtypes</dt><dd>${dtypes}${side.dtypes.length > MOST_DTYPES ? html`<span class="dim">…</span>` : null}</dd></dl>
${
  files.length === 0
    ? null
    : html`<details${files.length <= 3 ? html` open` : null}><summary>${formatCount(side.files.length)} ${side.files.length === 1 ? 'file' : 'files'}</summary><ul class="files">
${files}</ul>${rest === '' ? null : html`<p class="rest">${rest}</p>`}</details>`
}</div>`;
}
