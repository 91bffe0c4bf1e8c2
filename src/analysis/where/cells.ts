import type { Key, Members } from './members.ts';

/** Tensors of one key whose experts are all treated alike: one cell for each block. */
export interface Bundle {
  readonly key: Key;
  /** Position of the key among those of its stack. */
  readonly keyAt: number;
  /** Class of experts; -1 where the key has none. */
  readonly expertClass: number;
  /** Experts in a cell, or 1. */
  readonly weight: number;
  /** Positions of the blocks, ascending. */
  readonly positions: readonly number[];
  /** Whether the tensors of a cell are in the set. */
  readonly isIn: Uint8Array;
  /** How many terms of the description hold a cell. */
  readonly covers: Uint8Array;
}

/** A set of tensors, by stack. */
export interface Cells {
  readonly stack: number;
  readonly bundles: readonly Bundle[];
  /** Experts of each class. */
  readonly expertClasses: readonly (readonly number[])[];
  /** All experts of the stack, ascending. */
  readonly experts: readonly number[];
}

/** Arranges a subset. Experts that are in or out in all keys and blocks together make one class, so that 128 of them are as few as 2. */
export function readCells(members: Members, isIn: Uint8Array): Cells[] {
  return members.stacks.map(({ keys }, stack) => {
    const patterns = new Map<string, number>();
    const drafts = keys.map((key) =>
      key.lines.map((line) => {
        const { positions, flags } = readLine(line.rows, line.positions, isIn);
        const isAll = !flags.includes(0);
        const text = `${line.extent}|${isAll ? 'all' : flags.includes(1) ? flags.join('') : 'none'}`;
        let pattern = patterns.get(text);
        if (pattern === undefined) patterns.set(text, (pattern = patterns.size));
        return { expert: line.expert, positions, flags, pattern };
      }),
    );
    const histories = new Map<number, string[]>();
    drafts.forEach((lines, keyAt) => {
      for (const { expert, pattern } of lines) {
        if (expert < 0) continue;
        const history = histories.get(expert);
        if (history === undefined) histories.set(expert, [`${keyAt}:${pattern}`]);
        else history.push(`${keyAt}:${pattern}`);
      }
    });
    const experts = [...histories.keys()].sort((a, b) => a - b);
    const classes = new Map<string, number>();
    const expertClasses: number[][] = [];
    const classOf = new Map<number, number>();
    for (const expert of experts) {
      const text = histories.get(expert)?.join() ?? '';
      let found = classes.get(text);
      if (found === undefined) {
        classes.set(text, (found = expertClasses.length));
        expertClasses.push([]);
      }
      expertClasses[found]?.push(expert);
      classOf.set(expert, found);
    }
    const bundles = keys.flatMap((key, keyAt) => {
      const own = new Map<number, Bundle>();
      for (const { expert, positions, flags } of drafts[keyAt] ?? []) {
        const expertClass = expert < 0 ? -1 : (classOf.get(expert) ?? -1);
        const weight = expertClass < 0 ? 1 : (expertClasses[expertClass]?.length ?? 1);
        if (!own.has(expertClass))
          own.set(expertClass, {
            ...{ key, keyAt, expertClass, weight, positions },
            ...{ isIn: Uint8Array.from(flags), covers: new Uint8Array(flags.length) },
          });
      }
      return [...own.values()];
    });
    return { stack, bundles, expertClasses, experts };
  });
}

/** Cells of a line. Names that differ in wrappers alone share a cell, which is in only if they all are. */
function readLine(
  rows: readonly number[],
  positions: readonly number[],
  isIn: Uint8Array,
): { readonly positions: readonly number[]; readonly flags: readonly number[] } {
  if (rows.length === 1) return { positions, flags: [isIn[rows[0] ?? 0] ?? 0] };
  const places: number[] = [];
  const flags: number[] = [];
  rows.forEach((row, at) => {
    const position = positions[at] ?? 0;
    const flag = isIn[row] ?? 0;
    const last = places.length - 1;
    if (last >= 0 && places[last] === position) flags[last] = Math.min(flags[last] ?? 0, flag);
    else {
      places.push(position);
      flags.push(flag);
    }
  });
  return { positions: places, flags };
}
