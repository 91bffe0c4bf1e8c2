import { formatNoun } from '../../wording/numbers.ts';
import type { DiffSummary } from '../../comparison/summary.ts';
import type { SortedRows } from '../apart.ts';
import type { TensorRow } from '../tensor-row.ts';
import { findContrasts } from '../where/contrast.ts';
import { describeDepth } from '../where/depth-words.ts';
import { type Members, readMembers } from '../where/members.ts';
import type { Where } from '../where/types.ts';
import { describeWhere } from '../where/where.ts';

/** What explanations are drawn from. */
export interface Story extends SortedRows {
  readonly rows: readonly TensorRow[];
  readonly summary: DiffSummary;
  /** Weights that could be compared. */
  readonly compared: readonly TensorRow[];
  /** Those of them that changed. */
  readonly changed: readonly TensorRow[];
  /** A set of the compared weights in words, as `q_proj and v_proj`, `in all 6 blocks`. */
  readonly where: (rows: readonly TensorRow[]) => Where;
  /** Groups that changed very unequally, with their sizes; null where all are alike. */
  readonly contrast: (rows: readonly TensorRow[]) => string | null;
  /** How the change grows or falls with depth, with its range; null where it does neither. */
  readonly trend: (rows: readonly TensorRow[]) => string | null;
}

/** Whether a weight changed at all. */
export function hasChanged(row: TensorRow): boolean {
  return row.isCompared && !row.isIdentical && (row.changeType === 'modified' || row.change > 0);
}

/** The story of sorted rows. */
export function readStory(rows: readonly TensorRow[], sorted: SortedRows, summary: DiffSummary): Story {
  let members: Members | undefined;
  const compared = sorted.weights.filter((row) => row.isCompared);
  return {
    ...sorted,
    rows,
    summary,
    compared,
    changed: compared.filter((row) => hasChanged(row)),
    where: (some) => {
      // Kept for all explanations: reading the members is most of the work.
      members ??= readMembers(compared);
      const chosen = new Set(some);
      return describeWhere(members, (row) => chosen.has(compared[row] as TensorRow));
    },
    contrast: (some) => findContrasts(some)[0]?.text ?? null,
    trend: (some) => {
      const [only, ...others] = describeDepth(some).filter(({ kind }) => kind !== 'even');
      return only !== undefined && others.length === 0 && only.kind !== 'uneven' ? only.text : null;
    },
  };
}

/** A set and what happened to it: `only q_proj and v_proj changed, in all 6 blocks`. */
export function placeVerb({ subject, place }: Where, verb: string, isOnly = false): string {
  const only = isOnly && !/^(all \d|both|every)/.test(subject) ? `only ${subject.replace(/^all /, 'the ')}` : subject;
  return `${only} ${verb}${place === '' ? '' : `, ${place}`}`;
}

/** A tensor as a sentence calls it. */
export function nameTensor(story: Story, row: TensorRow): string {
  const { text, exact, isComplement } = story.where([row]);
  const isTelling = exact && !isComplement && !/^(?:weight|bias)$/.test(text);
  return isTelling && story.compared.length > 1 ? text : row.name;
}

/** How many tensors, and which: `18 tensors (all MLPs)`; a single one by its name. */
export function countPlaced(story: Story, rows: readonly TensorRow[]): string {
  const [first, ...others] = rows;
  if (first !== undefined && others.length === 0) return nameTensor(story, first);
  const { text, exact, isComplement } = story.where(rows);
  return `${formatNoun(rows.length, 'tensor')}${exact && !isComplement ? ` (${text})` : ''}`;
}
