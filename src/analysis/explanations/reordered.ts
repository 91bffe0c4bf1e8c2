import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { placeVerb } from './story.ts';

/** The orders that the probe finds, the most telling first. */
const ORDERS = [
  {
    key: 'rotary_to_half',
    words: 'permuted from interleaved pairs to halves (rotary layout)',
    subject: 'the rows',
    holds: (row: TensorRow) => row.probe('rotaryToHalf') > 0,
  },
  {
    key: 'rotary_to_pairs',
    words: 'permuted from halves to interleaved pairs (rotary layout)',
    subject: 'the rows',
    holds: (row: TensorRow) => row.probe('rotaryToPairs') > 0,
  },
  { key: 'rows', words: 'in another order', subject: 'the rows', holds: (row: TensorRow) => row.probe('rowOrder') === 1 },
  {
    key: 'columns',
    words: 'in another order',
    subject: 'the columns',
    holds: (row: TensorRow) => row.probe('columnOrder') === 1,
  },
] as const;

/** Tensors of which only the order of the rows or columns changed. */
export const explainOrder: Explain = (story, open) =>
  ORDERS.flatMap(({ key, words, subject, holds }, index): Claim[] => {
    const rows = open.filter((row) => holds(row) && !ORDERS.slice(0, index).some((before) => before.holds(row)));
    if (rows.length === 0) return [];
    const head = rows[0]?.probe(key === 'rotary_to_pairs' ? 'rotaryToPairs' : 'rotaryToHalf') ?? 0;
    return [
      {
        code: 'reordered',
        rows,
        sentence: `same weights: ${subject} of ${placeVerb(story.where(rows), `are ${words}`)}`,
        evidence: { order: key, tensors: rows.length, headSize: head > 0 ? head : null },
      },
    ];
  });
