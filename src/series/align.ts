/** Checkpoints of a series in one form: what is one tensor has one name in all of them, one shape, and is nowhere a part of another. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Finding, RunOptions } from '../checkpoint/types.ts';
import { derive, type Side, SIDES, type TranslatedSides, untranslated } from '../compare/derive.ts';
import type { ResolvedOptions } from '../compare/options.ts';
import { splitSides } from '../compare/split-fused.ts';
import { translateGgufAlone } from '../compare/translate-gguf.ts';
import { turnTransposed } from '../compare/turn-transposed.ts';
import { matchNames, type NameRules, NO_RULES, type SideNames } from '../names/match.ts';
import type { NameChange } from '../names/name-change.ts';
import { findTwice } from '../names/wrappers.ts';

/** A checkpoint as a series compares it. */
export interface Aligned {
  readonly checkpoint: Checkpoint;
  /** Checkpoints that were made for it, which the caller closes. */
  readonly made: readonly Checkpoint[];
  readonly changes: readonly Omit<NameChange, 'side'>[];
  readonly findings: readonly Finding[];
}

/**
 * Brings a checkpoint to the form of the first one, under the names that the options make of them. The first two settle the form
 * together, since each may be what has to change; after that the first stays as it is, and compared with it is what later ones can be
 * brought to.
 *
 * @param movable sides that may change: both of the first two, then the new one
 * @throws `ModelDiffError` of kind `Argument` when a rule gives two tensors the same name; `signal.reason` after an abort
 */
export async function alignCheckpoints(
  first: Checkpoint,
  newer: Checkpoint,
  options: ResolvedOptions,
  run: Pick<RunOptions, 'signal'>,
  movable: readonly Side[],
): Promise<Readonly<Record<Side, Aligned>>> {
  const made: Readonly<Record<Side, Checkpoint[]>> = { old: [], new: [] };
  const stages = [
    (sides: TranslatedSides) => translateSides(sides, movable),
    (sides: TranslatedSides) => splitSides(sides, movable),
    (sides: TranslatedSides) => matchSides(sides, movable, options),
    // Turns the new side alone.
    (sides: TranslatedSides) => turnTransposed(sides, options, run),
  ];
  let sides = untranslated(first, newer);
  try {
    for (const stage of stages) {
      const next = await stage(sides);
      for (const side of SIDES) if (next[side] !== sides[side]) made[side].push(next[side]);
      sides = next;
    }
  } catch (error) {
    for (const checkpoint of [...made.old, ...made.new]) checkpoint.close();
    throw error;
  }
  const describe = (own: Side): Aligned => ({
    checkpoint: sides[own],
    made: made[own],
    changes: sides.changes.flatMap(({ side, ...change }) => (side === own ? [change] : [])),
    findings: sides.findings[own],
  });
  return { old: describe('old'), new: describe('new') };
}

/** Tensors of a GGUF file under the names, and in the form, of the other side, where that has others. */
function translateSides(sides: TranslatedSides, movable: readonly Side[]): TranslatedSides {
  const own = movable.find((side) => sides[side].format === 'gguf');
  const isTwice = movable.length === SIDES.length && movable.every((side) => sides[side].format === 'gguf');
  if (own === undefined || isTwice) return sides;
  const other = own === 'old' ? 'new' : 'old';
  const { checkpoint, change, findings } = translateGgufAlone(sides[own], sides[other]);
  return {
    ...sides,
    [own]: checkpoint,
    changes: change === null ? sides.changes : [...sides.changes, { side: own, ...change }],
    findings: { ...sides.findings, [own]: findings },
  };
}

/** Both sides under the names by which they match. */
function matchSides(sides: TranslatedSides, movable: readonly Side[], { names }: ResolvedOptions): TranslatedSides {
  const rules: NameRules = { ...names, old: movable.includes('old') ? names.old : NO_RULES };
  const matched = matchNames(sides.old.table.names, sides.new.table.names, rules);
  if (movable.includes('old')) {
    const [old, newer] = [rename(sides.old, matched.old), rename(sides.new, matched.new)];
    return { ...sides, old, new: newer, changes: [...sides.changes, ...matched.changes] };
  }
  // The first has its names for good: what was taken off it to match is put on the new ones instead.
  const given = new Map(matched.old.names.map((name, at) => [name, sides.old.table.names[matched.old.rows[at] ?? -1] ?? name]));
  const wanted = matched.new.names.map((name) => given.get(name) ?? name);
  const target = findTwice(wanted) === undefined ? wanted : matched.new.names;
  const added = matched.new.names.flatMap((name, at) => (target[at] === name ? [] : [`${name}=>${target[at]}`]));
  return {
    ...sides,
    new: rename(sides.new, { ...matched.new, names: target }),
    changes: [
      ...sides.changes,
      ...matched.changes.filter(({ side }) => side === 'new'),
      ...added.slice(0, 1).map((rule) => ({ side: 'new' as const, kind: 'rename' as const, rule, tensors: added.length })),
    ],
  };
}

function rename(checkpoint: Checkpoint, { names, rows }: SideNames): Checkpoint {
  const own = checkpoint.table.names;
  const isKept = (row: number, at: number): boolean => own[row] === names[at];
  if (rows.length === own.length && rows.every(isKept)) return checkpoint;
  return derive(
    checkpoint,
    rows.filter(isKept),
    rows.flatMap((row, at) => (isKept(row, at) ? [] : [{ name: names[at] ?? '', row, steps: [] }])),
  );
}
