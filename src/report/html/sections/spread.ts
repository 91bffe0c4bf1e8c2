import type { PageTensors } from '../data/page-tensors.ts';
import { SIZE_BANDS } from '../size-bands.ts';
import { drawExpected } from '../view/expected.ts';
import { countChanges, drawChanges } from '../view/histogram.ts';
import { html, type Markup } from '../view/markup.ts';

/** How much: tensors by the size of their change, and the elements that rounding let change. */
export function showSpread(tensors: PageTensors): Markup {
  const histogram = countChanges(tensors, Array(tensors.count).keys());
  const expected = drawExpected(tensors);
  if (histogram === null && expected === null) return html``;
  return html`<section id="spread">
<h2>How much</h2>
<div class="pair">
${
  histogram === null
    ? null
    : html`<figure><figcaption>Tensors by relative change<span class="live"> · drag over a range to see its tensors</span></figcaption><div id="changes">${drawChanges(histogram, SIZE_BANDS)}</div></figure>`
}
${
  expected === null
    ? null
    : html`<figure><figcaption>Elements changed, against what rounding to the dtype alone would let change</figcaption>${expected}<p class="note">A dot for each tensor. On the line: one dense update, rounded once. Below it: many small steps of which rounding took a part, or a mask.</p></figure>`
}
</div>
</section>`;
}
