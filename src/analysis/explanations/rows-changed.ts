import { formatCount, formatNoun } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { Explain } from './explanation.ts';
import { nameTensor } from './story.ts';

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
        sentence: `${story.changed.length === 1 ? 'only ' : ''}${nameRows(changed, first, last)} of ${nameTensor(story, row)} changed`,
        evidence,
      },
    ];
  });

function nameRows(changed: number, first: number, last: number): string {
  if (changed === 1) return `row ${formatCount(first)}`;
  if (changed === 2) return `rows ${joinWords([formatCount(first), formatCount(last)])}`;
  return last - first + 1 === changed
    ? `rows ${formatCount(first)}–${formatCount(last)}`
    : `${formatCount(changed)} rows (${formatCount(first)} to ${formatCount(last)})`;
}
