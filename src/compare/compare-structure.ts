import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { tellApart } from '../checkpoint/distinct-names.ts';
import type { StructureChange, StructureComparison, StructureSide, TensorShape } from '../comparison/structure.ts';
import { describeStructure } from '../comparison/structure-verdict.ts';
import { checkOptions } from '../options.ts';
import { describeOrigin } from './compare.ts';
import { compareAllConfigs, listUnconfigured } from './config-diff.ts';
import { type CheckpointInput, chooseLoadOptions, isInMemory, openInput } from './inputs.ts';
import { COMPARE_OPTIONS, type CompareOptions, resolveOptions } from './options.ts';
import { planTensors } from './plan-tensors.ts';
import { splitSides } from './split-fused.ts';
import { translateGguf } from './translate-gguf.ts';

/**
 * Compares what the headers of two checkpoints say: names, shapes, dtypes, and the configuration beside them. No value is read, so of a
 * checkpoint on a server a few kilobytes a file are fetched.
 *
 * @param old a path, an open checkpoint (which stays open), or tensors in memory by name
 * @param options those of `compare` that choose and match tensors; what is about values has no effect
 * @throws `ModelDiffError` for what cannot be opened, or is asked for wrongly; `signal.reason` after an abort.
 */
export async function compareStructure(
  old: CheckpointInput,
  newer: CheckpointInput,
  options: CompareOptions = {},
): Promise<StructureComparison> {
  checkOptions(options, COMPARE_OPTIONS, 'compareStructure');
  const opened: Checkpoint[] = [];
  const open = async (input: CheckpointInput, side: 'old' | 'new'): Promise<Checkpoint> => {
    const { checkpoint, isOwn } = await openInput(input, `the ${side} side`, chooseLoadOptions(options, side));
    if (isOwn) opened.push(checkpoint);
    return checkpoint;
  };
  try {
    return compareOpen(await open(old, 'old'), await open(newer, 'new'), options);
  } finally {
    for (const checkpoint of opened) checkpoint.close();
  }
}

function compareOpen(before: Checkpoint, after: Checkpoint, options: CompareOptions): StructureComparison {
  const sides = splitSides(translateGguf(before, after));
  try {
    const { old, new: newer } = sides;
    const { names, plan } = planTensors(old, newer, resolveOptions(options));
    const tensors = {
      added: [] as TensorShape[],
      removed: [] as TensorShape[],
      reshaped: [] as StructureChange[],
      retyped: [] as StructureChange[],
    };
    let sameTensors = 0;
    for (const [at, name] of plan.names.entries()) {
      const [one, other] = [shapeOf(old, plan.oldRow[at] ?? -1), shapeOf(newer, plan.newRow[at] ?? -1)];
      if (one === null && other !== null) tensors.added.push({ name, ...other });
      else if (other === null && one !== null) tensors.removed.push({ name, ...one });
      else if (one !== null && other !== null) {
        if (plan.isPair[at] !== 1) tensors.reshaped.push({ name, old: one, new: other });
        else if (one.dtype !== other.dtype) tensors.retyped.push({ name, old: one, new: other });
        else sameTensors += 1;
      }
    }
    const configChanges = compareAllConfigs(old, newer);
    const [oldName, newName] = nameSides(before, after);
    const isSame = Object.values(tensors).every((list) => list.length === 0) && configChanges.length === 0;
    const found = {
      old: describeSide(before, oldName, sides.findings.old),
      new: describeSide(after, newName, sides.findings.new),
      sameTensors,
      ...tensors,
      configChanges,
      unconfigured: listUnconfigured(old, newer),
      nameChanges: [...sides.changes, ...names.changes],
      isSame,
    };
    const { provenance = true } = options;
    const origin = provenance === false ? null : describeOrigin(before, after, provenance === true ? null : provenance.command);
    return { ...found, verdict: describeStructure(found), provenance: origin };
  } finally {
    for (const made of sides.made) made.close();
  }
}

function shapeOf({ table }: Checkpoint, row: number): Omit<TensorShape, 'name'> | null {
  return row < 0 ? null : { dtype: table.dtype(row), shape: table.shape(row) };
}

function nameSides(old: Checkpoint, newer: Checkpoint): readonly [string, string] {
  const names = tellApart([old, newer].filter((checkpoint) => !isInMemory(checkpoint)).map(({ path }) => path));
  const name = (checkpoint: Checkpoint, side: string): string => (isInMemory(checkpoint) ? side : (names.shift() ?? side));
  return [name(old, 'old'), name(newer, 'new')];
}

function describeSide(checkpoint: Checkpoint, name: string, findings: StructureSide['findings']): StructureSide {
  const { format, numParameters: parameters, sizeBytes: bytes, table } = checkpoint;
  return { name, format, tensors: table.names.length, parameters, bytes, findings: [...checkpoint.findings, ...findings] };
}
