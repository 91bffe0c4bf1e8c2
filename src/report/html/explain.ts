import { TOOL } from '../../tool.ts';
import { truncateMiddle } from '../../wording/width.ts';
import type { OriginWords } from '../provenance.ts';
import { html, type Markup } from './markup.ts';

/** What each number of the page means, and its formula. */
const TERMS: readonly (readonly [string, string, string | null])[] = [
  [
    'Relative change of a tensor',
    'The size of the change relative to the size of the old weights. “from 0” means that the old weights were all zero.',
    '√Σd² / √Σold²',
  ],
  [
    'Change R of a layer, a layer type or a model',
    'The same for many tensors together, from 0 to 2. Every element counts equally, so a large matrix weighs more than a bias.',
    '√(Σd² / Σ max(old², new²))',
  ],
  [
    'Cosine',
    'Whether the weights still point the same way: 1 is the same direction, 0 is unrelated. Close to 1 it is written as 1 minus a small number.',
    'Σ(old·new) / (√Σold² · √Σnew²)',
  ],
  [
    'Elements changed',
    'The share of elements that changed by more than the threshold (0.000001 unless set), or that became or stopped being NaN or infinite.',
    'count(|d| > threshold) / count',
  ],
  ['Largest |d|', 'The largest change of a single element.', 'max |d|'],
  ['Identical', 'Same shape, and every element has the same value. −0 equals 0, and NaN equals NaN. The dtype may differ.', null],
  [
    'Within the threshold',
    'Not identical, but no element changed by more than the threshold. Under the default threshold, the whole change is also at most a millionth of the weights.',
    null,
  ],
  ['NaN and Inf', 'Counted, and left out of every other number.', null],
  [
    'Size of the change',
    'identical · trace below 0.2% · light to 1.5% · standard to 5% · strong to 25% · heavy above · replaced when the cosine shows that the weights are unrelated. Most fine-tunes are light to strong.',
    null,
  ],
  ['Sure', 'How likely a conclusion is, where it is inferred rather than measured.', null],
];

/** The last section: how to read the report. */
export function showExplanation(): Markup {
  return html`<section>
<h2>How to read this report</h2>
<p class="note">d = new − old, element by element, over the elements that are finite on both sides.</p>
<dl class="explain">
${TERMS.map(([term, sentence, formula]) => html`<div><dt>${term}</dt><dd>${sentence}${formula === null ? null : html` <code>${formula}</code>`}</dd></div>\n`)}</dl>
</section>`;
}

/** What made the page, and of what where that is to be said. */
export function showFoot(words: OriginWords | null): Markup {
  if (words === null) return html`<footer>Made by ${TOOL.name} ${TOOL.version}.</footer>`;
  const { facts, command } = words;
  const from = facts.map((fact) => truncateMiddle(fact, 600)).join(' · ');
  return html`<footer>Made by ${from}.${command === null ? null : html` <code>${truncateMiddle(command, 1000)}</code>`}</footer>`;
}
