import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { tellApart } from '../checkpoint/distinct-names.ts';
import { isInMemory } from '../compare/inputs.ts';
import type { ResolvedOptions } from '../compare/options.ts';
import { changeNames } from '../names/match.ts';
import type { SeriesCheckpoint } from './types.ts';

/** What a checkpoint says of one tensor. */
export interface DescribedTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** A checkpoint of a series before all of them are known: what it is called depends on the others. */
export type UnnamedCheckpoint = Omit<SeriesCheckpoint, 'name'>;

/**
 * What the descriptions of a checkpoint tell; it may be closed afterwards.
 * @param path where the checkpoint lies, by which it is called
 * @throws `ModelDiffError` of kind `Argument` when a rule gives two tensors the same name.
 */
export function surveyCheckpoint(
  { table, format, findings }: Checkpoint,
  path: string,
  { names: rules, selects }: Pick<ResolvedOptions, 'names' | 'selects'>,
): UnnamedCheckpoint {
  const changed = changeNames('new', table.names, rules.new, []);
  const names = new Map(changed.rows.map((row, at) => [row, changed.names[at] ?? '']));
  const rows = [...names.keys()].filter((row) => selects(names.get(row) ?? ''));
  const add = (column: Float64Array): number => rows.reduce((sum, row) => sum + (column[row] ?? 0), 0);
  return {
    path,
    format,
    tensors: rows.length,
    parameters: add(table.elements),
    sizeBytes: add(table.bytes),
    findings,
    nameChanges: [],
  };
}

/** Readable tensors that take part, by name, of a checkpoint in the form in which it is compared. */
export function describeTensors({ table }: Checkpoint, selects: ResolvedOptions['selects']): Map<string, DescribedTensor> {
  return new Map(
    table.names.flatMap((name, row) =>
      selects(name) && !table.errors.has(row) && !table.raw.has(row)
        ? [[name, { shape: table.shape(row), dtype: table.dtype(row) }] as const]
        : [],
    ),
  );
}

/** The checkpoints with the names that tell them apart. */
export function nameCheckpoints(checkpoints: readonly UnnamedCheckpoint[]): SeriesCheckpoint[] {
  const names = tellApart(checkpoints.flatMap((checkpoint) => (isInMemory(checkpoint) ? [] : [checkpoint.path])));
  return checkpoints.map((checkpoint, index) => ({
    ...checkpoint,
    name: isInMemory(checkpoint) ? `checkpoint ${index + 1}` : (names.shift() ?? ''),
  }));
}
