import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type CompareOptions, resolveOptions } from '../compare/options.ts';
import { ModelDiffError } from '../errors.ts';
import { matchNames } from '../names/match.ts';

/**
 * Tensors of equal name and shape with the given options; 0 where they are less than a share of the smaller side, or the options make
 * no sense for these names.
 */
export function countMatches(old: Checkpoint, newer: Checkpoint, options: CompareOptions, leastShare: number): number {
  try {
    const { names, selects } = resolveOptions(options);
    const matched = matchNames(old.table.names, newer.table.names, names);
    const rows = new Map(matched.old.names.map((name, at) => [name, matched.old.rows[at] ?? 0]));
    const matches = matched.new.names.filter((name, at) => {
      const row = rows.get(name);
      const shape = newer.table.shape(matched.new.rows[at] ?? 0);
      return row !== undefined && selects(name) && old.table.shape(row).join() === shape.join();
    }).length;
    return matches >= leastShare * Math.min(matched.old.names.length, matched.new.names.length) ? matches : 0;
  } catch (error) {
    if (error instanceof ModelDiffError) return 0;
    throw error;
  }
}
