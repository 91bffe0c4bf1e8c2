import { BANDS } from '../../../analysis/bands.ts';
import { TOOL } from '../../../tool.ts';
import { formatPercent } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import type { OriginWords } from '../../provenance.ts';
import { html, type Markup } from '../view/markup.ts';
import { QUANTITIES } from '../view/quantities.ts';

/** What a term of the page means, in a sentence, and its formula. */
export type Term = readonly [term: string, sentence: string, formula: string | null];

const BAND_WORDS = BANDS.map(({ band, below }) =>
  below < Infinity ? `${band} below ${formatPercent(below)}` : `${band} above`,
).join(', ');

/** What the page has beside the numbers of a tensor. */
const TERMS: readonly Term[] = [
  [
    'Overall change R',
    'The size of the change of the whole model, from 0 to 2. Every element counts equally, so a large matrix weighs more than a bias.',
    '√(Σd² / Σ max(old², new²))',
  ],
  [
    'Sizes',
    `${BAND_WORDS}; “replaced” where the cosine shows that the weights are unrelated. Size alone does not tell the method.`,
    null,
  ],
  [
    'Colours of the map',
    'Relative change of all tensors of a cell together, on a logarithmic scale. Where several blocks share a column, all of them together.',
    '√(Σd² / Σold²)',
  ],
  ['Identical', 'Same shape, and every element has the same value. −0 equals 0, and NaN equals NaN. The dtype may differ.', null],
  [
    'Within the threshold',
    'Not identical, but no element changed by more than the threshold. Under the default threshold, the whole change is also at most a millionth of the weights.',
    null,
  ],
  ['Sure', 'How likely a conclusion is, where it is inferred rather than measured.', null],
];

/** What the numbers of a tensor mean, by their keys. */
const NUMBERS: Readonly<Record<string, readonly [sentence: string, formula: string | null]>> = {
  rel: [
    'Size of the change relative to the size of the old weights. “from 0”: the old weights were all zero. “≥”: only the least is known, as a side was a manifest of hashes.',
    '√Σd² / √Σold²',
  ],
  cos: ['How far the weights turned: 0 is the same direction, 1 unrelated, 2 opposite.', '1 − Σ(old·new) / (√Σold² · √Σnew²)'],
  changed: [
    'Share of the elements that changed by more than the threshold, or that became or stopped being NaN or infinite.',
    'count(|d| > threshold) / count',
  ],
  expected: [
    'Elements changed beside the share that a dense update of the same size would change after rounding to the dtype. Far below 1: many small steps were rounded away, or a mask.',
    'changed / expected',
  ],
  max: ['The largest change of a single element.', 'max |d|'],
  mean: ['Mean of the differences: a shift of the whole tensor.', 'Σd / count'],
  ratio: ['Size of the new weights relative to the old ones.', '√Σnew² / √Σold²'],
  norm: ['Length of the old weights as one vector.', '√Σold²'],
  nan: ['Elements of the new tensor that are NaN or infinite. They are left out of every other number.', null],
  elements: ['Number of elements.', null],
  bytes: ['Bytes that the tensor takes in the new checkpoint, or in the old one where it was removed.', null],
};

/** How to read the report. */
export function showExplanation(): Markup {
  const numbers = QUANTITIES.flatMap(({ key, title }): Term[] => (NUMBERS[key] === undefined ? [] : [[title, ...NUMBERS[key]]]));
  return showTerms([...TERMS, ...numbers], 'd = new − old, element by element, over the elements that are finite on both sides.');
}

/** A list of terms as the last section of a page. */
export function showTerms(terms: readonly Term[], note: string): Markup {
  return html`<section id="about">
<h2>How to read this report</h2>
<p class="note">${note}</p>
<dl class="explain">
${terms.map(([term, sentence, formula]) => html`<div><dt>${term}</dt><dd>${sentence}${formula === null ? null : html` <code>${formula}</code>`}</dd></div>\n`)}</dl>
</section>`;
}

/** What made the page, and of what where that is to be said. */
export function showFoot(words: OriginWords | null): Markup {
  if (words === null) return html`<footer>Made by ${TOOL.name} ${TOOL.version}.</footer>`;
  const { facts, command } = words;
  const from = facts.map((fact) => truncateMiddle(fact, 600)).join(' · ');
  return html`<footer>Made by ${from}.${command === null ? null : html` <code>${truncateMiddle(command, 1000)}</code>`}</footer>`;
}
