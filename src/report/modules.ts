import { groupChange, type SizedChange } from '../analysis/overall.ts';
import { classifyColumns } from '../comparison/classify.ts';
import { hasFinitePair, isCompared, isUnmeasured, type TensorColumns } from '../comparison/columns.ts';
import { findParameterAt } from '../layer-types/name-view.ts';
import { splitName } from '../layer-types/split-name.ts';

/** The tensors that have one place in every block, or one outside of blocks; all norms are one module. */
export interface ModuleChange {
  /** As many of the last segments of its path as tell it from the others: `o_proj`, `attention.output.dense`. */
  readonly name: string;
  /** R of its tensors; null where none of them has a finite element, or the change of one was not measured. */
  readonly change: number | null;
  readonly tensors: number;
  /** Tensors that are not identical. */
  readonly changed: number;
  readonly isIdentical: boolean;
}

/** Change by module, the largest first. Buffers are no part of it. */
export function listModules(columns: TensorColumns): ModuleChange[] {
  const pathOf = new Map<string, readonly string[]>();
  const groups = new Map<
    string,
    { readonly path: readonly string[]; readonly sizes: SizedChange[]; tensors: number; moved: number; isMeasured: boolean }
  >();
  for (const [row, { key, type, kind, stack }] of classifyColumns(columns).entries()) {
    if (kind === 'buffer' || !isCompared(columns, row)) continue;
    let path = pathOf.get(key);
    if (path === undefined) pathOf.set(key, (path = type === 'norm' ? ['norm'] : readPath(key, stack !== null)));
    const id = path.join('.');
    const group = groups.get(id) ?? { path, sizes: [], tensors: 0, moved: 0, isMeasured: true };
    groups.set(id, group);
    const isIdentical = columns.identical[row] === 1;
    group.tensors += 1;
    group.moved += isIdentical ? 0 : 1;
    if (isUnmeasured(columns, row)) group.isMeasured = false;
    if (isIdentical || hasFinitePair(columns, row)) group.sizes.push(readSize(columns, row, isIdentical));
  }
  const names = nameShortly([...groups.values()].map(({ path }) => path));
  return [...groups.values()]
    .map(({ sizes, tensors, moved, isMeasured }, at): ModuleChange => ({
      name: names[at] ?? '',
      change: sizes.length === 0 || !isMeasured ? null : groupChange(sizes),
      tensors,
      changed: moved,
      isIdentical: moved === 0,
    }))
    .sort((a, b) => (b.change ?? Infinity) - (a.change ?? Infinity) || (a.name < b.name ? -1 : 1));
}

function readSize(columns: TensorColumns, row: number, isIdentical: boolean): SizedChange {
  const size = Math.max(columns.old.norm[row] ?? Number.NaN, columns.new.norm[row] ?? Number.NaN);
  return { length: isIdentical ? 0 : (columns.l2Diff[row] ?? Number.NaN), size };
}

/** Segments of the module, from the block on where there is one. */
export function readPath(key: string, isInStack: boolean): readonly string[] {
  const { raw, segments } = splitName(key);
  const from = isInStack ? raw.findIndex((segment) => segment.endsWith('#')) + 1 : 0;
  const path = raw.slice(from, Math.max(findParameterAt(segments), from)).filter((segment) => segment !== '#');
  return path.length > 0 ? path : raw.slice(from);
}

/** Ends of more segments are not tried: names come from files, and may have thousands. */
const MOST_SEGMENTS = 5;

/** For each path its shortest end that is the end of no other, and all of it where there is none. */
function nameShortly(paths: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  const endsOf = paths.map((path) => path.slice(0, MOST_SEGMENTS).map((_, at) => path.slice(path.length - 1 - at).join('.')));
  for (const end of endsOf.flat()) counts.set(end, (counts.get(end) ?? 0) + 1);
  return endsOf.map((ends, at) => ends.find((end) => counts.get(end) === 1) ?? paths[at]?.join('.') ?? '');
}
