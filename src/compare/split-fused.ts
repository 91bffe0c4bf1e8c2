import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { splitFused, type Split } from '../names/fused.ts';
import type { NameChange } from '../names/name-change.ts';
import { derive, listTensors, type Side, SIDES, type TranslatedSides } from './derive.ts';

const NOTHING: Split = { views: [], rows: new Set(), rules: new Map() };

/**
 * Where one side stores as one tensor what the other has in parts, its parts under the names of the other.
 * @param movable sides that may be taken apart
 */
export function splitSides(sides: TranslatedSides, movable: readonly Side[] = SIDES): TranslatedSides {
  const [old, fresh] = [listTensors(sides.old), listTensors(sides.new)];
  const parts = {
    old: movable.includes('old') ? splitFused(old, fresh) : NOTHING,
    new: movable.includes('new') ? splitFused(fresh, old) : NOTHING,
  };
  const made = [...sides.made];
  const split = (side: Side): Checkpoint => {
    const { views, rows } = parts[side];
    if (views.length === 0) return sides[side];
    const kept = [...sides[side].table.names.keys()].filter((row) => !rows.has(row));
    const checkpoint = derive(sides[side], kept, views);
    made.push(checkpoint);
    return checkpoint;
  };
  return {
    ...sides,
    old: split('old'),
    new: split('new'),
    made,
    changes: [...sides.changes, ...listChanges('old', parts.old), ...listChanges('new', parts.new)],
  };
}

function listChanges(side: Side, { rules }: Split): NameChange[] {
  return [...rules].map(([rule, tensors]) => ({ side, kind: 'split', rule, tensors }));
}
