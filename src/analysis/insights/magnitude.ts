import { BANDS } from '../bands.ts';
import { isMatrix } from '../tensor-row.ts';
import { formatCosine, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { capitalize } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** Size of the change as a whole, and what changes of that size are seen in: only where weights were trained or edited. */
export const explainMagnitude: Explain = ({ band, overall, claims, measured }) => {
  const entry = BANDS.find((one) => one.band === band);
  const isTraining = claims.some(({ code, share }) => TRAINED.has(code) && share >= 0.5);
  if (entry === undefined || !isTraining) return [];
  const { change, cosine, oneMinusCos, elements, tensors } = overall;
  const lower = BANDS[BANDS.indexOf(entry) - 1]?.below ?? 0;
  const range =
    lower === 0
      ? `below ${formatPercent(entry.below)}`
      : entry.below === Infinity
        ? `of ${formatPercent(lower)} and more`
        : `of ${formatPercent(lower)} to ${formatPercent(entry.below)}`;
  const what = measured.every((row) => isMatrix(row)) ? 'matrices' : 'weights';
  const angle = oneMinusCos === null ? '' : ` (cosine ${formatCosine(oneMinusCos)})`;
  return [
    {
      code: 'size',
      category: 'magnitude',
      title: `${capitalize(band)} Change`,
      description: `The ${what} changed by ${formatPercent(change)} as a whole${angle}, over ${formatNoun(tensors, 'tensor')}. Changes ${range} are seen in ${entry.seenIn}; size alone does not tell which this was.`,
      severity: 'info',
      evidence: { band, change, cosine, oneMinusCos, elements, tensors },
    },
  ];
};

/** Explanations of weights that were trained or edited. */
export const TRAINED: ReadonlySet<string> = new Set(['changed', 'rounded_steps', 'masked']);
