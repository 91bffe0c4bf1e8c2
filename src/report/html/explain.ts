import type { Report } from '../report.ts';
import { TOOL } from '../../tool.ts';
import { html, type Markup } from './markup.ts';

/** Every number of the page in one sentence and one formula. */
const TERMS: readonly (readonly [string, string, string | null])[] = [
  [
    'Relative change of a tensor',
    'How long the change is, beside the old weights. “from 0” where the old weights were all zero.',
    '√Σd² / √Σold²',
  ],
  [
    'Change R of a layer, a layer type or a model',
    'The same over many tensors at once, between 0 and 2: every element counts alike, so a large matrix says more than a bias.',
    '√(Σd² / Σ max(old², new²))',
  ],
  [
    'Cosine',
    'Whether the direction stayed: 1 is the same direction, 0 unrelated. Near 1 it is written as its distance from 1.',
    'Σ(old·new) / (√Σold² · √Σnew²)',
  ],
  [
    'Elements changed',
    'Share of the elements whose difference is above the threshold (0.000001 unless it was set), and of those that became or ceased to be NaN or infinite.',
    'count(|d| > threshold) / count',
  ],
  ['Largest |d|', 'The largest difference of a single element.', 'max |d|'],
  ['Identical', 'Same shape and every element equal by value; −0 equals 0, NaN equals NaN. The dtype may differ.', null],
  [
    'Within the threshold',
    'Not identical, but no element differs by more than the threshold, and (with the threshold as it comes) the change as a whole is below a millionth of the weights.',
    null,
  ],
  ['NaN and Inf', 'Counted, and left out of every other number.', null],
  [
    'Size of the change',
    'identical · trace below 0.2% · light to 1.5% · standard to 5% · strong to 25% · heavy above · replaced where the cosine says that the weights are unrelated. Most fine-tunes are light to strong.',
    null,
  ],
  ['Sure', 'How likely a conclusion is where it is inferred and not read off.', null],
];

/** The last section: how to read the report. */
export function showExplanation(_report: Report): Markup {
  return html`<section>
<h2>How to read this report</h2>
<p class="note">d = new − old, element by element, over the elements that are finite on both sides.</p>
<dl class="explain">
${TERMS.map(([term, sentence, formula]) => html`<div><dt>${term}</dt><dd>${sentence}${formula === null ? null : html` <code>${formula}</code>`}</dd></div>\n`)}</dl>
</section>`;
}

/** What made the page. */
export function showFoot(): Markup {
  return html`<footer>Made by ${TOOL.name} ${TOOL.version}.</footer>`;
}
