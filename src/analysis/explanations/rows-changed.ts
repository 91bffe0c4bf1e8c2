import { formatCount, formatNoun } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { Explain } from './explanation.ts';
import { nameTensor } from './story.ts';
import type { TensorRow } from '../tensor-row.ts';

/** At most this share of the rows of a matrix, for the rows to be the story. */
const FEW = 0.05;
/** In a small table one row is more than that. */
const FEW_ROWS = 2;

/** Matrices of which only some rows changed, as the embeddings of some tokens. */
export const explainRows: Explain = (story, open) =>
  open.flatMap((row) => {
    const of = row.oldShape?.[0] ?? 0;
    const changed = row.probe('changedRows');
    const scaled = row.probe('scaledRows');
    const factor = row.probe('rowScale');
    const [first, last] = [row.probe('firstChangedRow'), row.probe('lastChangedRow')];
    const isFew = changed > 0 && of > changed && changed <= Math.max(FEW_ROWS, FEW * of);
    // Most rows decayed, and a few were trained.
    const isDecayed = scaled > 0 && changed > scaled && changed - scaled <= Math.max(FEW_ROWS, FEW * of) && scaled >= 0.5 * of;
    if (!isFew && !isDecayed) return [];
    const evidence = {
      tensor: row.name,
      changedRows: changed,
      rows: of,
      firstRow: first,
      lastRow: last,
      scaledRows: scaled || 0,
      rowScale: factor > 0 ? factor : null,
    };
    if (isDecayed) {
      const trained = formatNoun(changed - scaled, 'row');
      return [
        {
          code: 'rows_changed' as const,
          rows: [row],
          sentence: `${formatCount(scaled)} rows of ${nameTensor(story, row)} were scaled by ${factor.toPrecision(3)}, ${trained} trained`,
          evidence,
        },
      ];
    }
    return [
      {
        code: 'rows_changed' as const,
        rows: [row],
        sentence: `${story.changed.length === 1 ? 'only ' : ''}${nameElements(row, changed, of)}${nameRows(changed, first, last)} of ${nameTensor(story, row)} changed${describeJump(row)}`,
        evidence,
      },
    ];
  });

/** At most this share of the elements of changed rows, for elements to be the story and not rows. */
const FEW_ELEMENTS = 0.1;

/** `1 element in `, where few elements of a row changed. */
function nameElements(row: TensorRow, changedRows: number, of: number): string {
  const elements = countChanged(row);
  const isFew = elements > 0 && elements <= FEW_ELEMENTS * changedRows * (row.elements / of);
  return isFew ? `${formatNoun(elements, 'element')} in ` : '';
}

function countChanged(row: TensorRow): number {
  return Math.round(row.changedShare * row.elements);
}

/** A single element that leaves the range of all others far behind, as a flipped bit of an exponent makes it, has its value told. */
const FAR = 10;

function describeJump(row: TensorRow): string {
  const [before, after] = [row.readSide('old'), row.readSide('new')];
  const extreme = Math.abs(after.min) > Math.abs(after.max) ? after.min : after.max;
  const isFar = Math.abs(extreme) > FAR * Math.max(Math.abs(before.min), Math.abs(before.max));
  return countChanged(row) === 1 && isFar ? `, to ${extreme.toPrecision(2)}` : '';
}

function nameRows(changed: number, first: number, last: number): string {
  if (changed === 1) return `row ${formatCount(first)}`;
  if (changed === 2) return `rows ${joinWords([formatCount(first), formatCount(last)])}`;
  return last - first + 1 === changed
    ? `rows ${formatCount(first)}–${formatCount(last)}`
    : `${formatCount(changed)} rows (${formatCount(first)} to ${formatCount(last)})`;
}
