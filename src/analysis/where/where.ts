import { readCells } from './cells.ts';
import { coverCells, type Cover } from './cover.ts';
import { listNearMisses } from './exceptions.ts';
import type { Members } from './members.ts';
import { selectRows } from './select.ts';
import type { Where, WhereTerm } from './types.ts';
import { countInWords, putIntoWords } from './wording.ts';

/** Price of `everything but`. */
const EVERYTHING_BUT = 1;
/** Price of a tensor that is excepted by its name. */
const EXCEPTION = 1.5;
/** Descriptions that cost no more are not worth another try. */
const SHORT = 2;
/** A longer one says less than a count. */
const LONGEST = 18;

/**
 * The smallest exact description of some rows over modules, blocks, towers and experts, or of the rest of the rows where that is shorter.
 * Exact ones may except up to three tensors, and 5% of the set, by name. Where there is no short one, the words count.
 */
export function describeWhere(members: Members, isIn: (row: number) => boolean): Where {
  const { rows } = members;
  const set = Uint8Array.from(rows, (_, row) => (isIn(row) ? 1 : 0));
  const tensors = set.reduce((sum, flag) => sum + flag, 0);
  const base = { tensors, exceptions: [], terms: [], exact: true };
  if (tensors === 0) return { ...base, ...asIs('no tensor', false), isComplement: false, size: 0 };
  if (tensors === rows.length)
    return { ...base, ...asIs(tensors === 1 ? 'the only tensor' : 'every tensor', false), isComplement: true, size: 0 };
  const cells = readCells(members, set);
  let best: Draft = { cover: coverCells(members, cells), isComplement: false, exceptions: [] };
  if (priceOf(best) > SHORT) {
    const rest = set.map((flag) => 1 - flag);
    best = cheaper(best, { cover: coverCells(members, readCells(members, rest)), isComplement: true, exceptions: [] });
    for (const rowsMissed of listNearMisses(members, set, cells, tensors)) {
      const filled = Uint8Array.from(set);
      for (const row of rowsMissed) filled[row] = 1;
      const exceptions = rowsMissed.map((row) => rows[row]?.name ?? '').sort();
      best = cheaper(best, { cover: coverCells(members, readCells(members, filled)), isComplement: false, exceptions });
    }
  }
  if (tensors <= MOST_ALONE && priceOf(best) === Infinity) best = { cover: listAlone(members, set), isComplement: false, exceptions: [] };
  const size = priceOf(best);
  const { isComplement, exceptions, cover } = best;
  const found = { terms: cover.terms, isComplement, exceptions };
  if (size <= LONGEST && isSame(selectRows(members, found), set))
    return { tensors, ...found, exact: true, size, ...putIntoWords(members, found) };
  return { tensors, ...countInWords(members, set, tensors, cells), isComplement: false, exceptions: [], exact: false, size: Infinity };
}

/** As many tensors are named one by one where nothing else describes them. */
const MOST_ALONE = 3;

function listAlone({ rows }: Members, set: Uint8Array): Cover {
  const terms = rows.flatMap(({ class: { key, stack, depth, expert } }, row): WhereTerm[] =>
    set[row] === 0
      ? []
      : [
          {
            modules: [{ by: 'key', value: key }],
            isAllBut: false,
            stack,
            isOutside: stack === null,
            blocks: depth === null ? null : [depth],
            experts: expert === null ? null : [expert],
          },
        ],
  );
  return { terms: terms.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)), cost: 3 * terms.length, left: 0 };
}

/** A way to describe the set. */
interface Draft {
  readonly cover: Cover;
  readonly isComplement: boolean;
  readonly exceptions: readonly string[];
}

function priceOf({ cover, isComplement, exceptions }: Draft): number {
  return cover.left > 0 ? Infinity : cover.cost + (isComplement ? EVERYTHING_BUT : 0) + EXCEPTION * exceptions.length;
}

function cheaper(one: Draft, other: Draft): Draft {
  // Of two that cost the same, one term is better than two.
  const difference = priceOf(other) - priceOf(one) || other.cover.terms.length - one.cover.terms.length;
  return difference < 0 ? other : one;
}

function asIs(text: string, isPlural: boolean): Pick<Where, 'text' | 'subject' | 'place' | 'isPlural'> {
  return { text, subject: text, place: '', isPlural };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((flag, row) => flag === b[row]);
}

