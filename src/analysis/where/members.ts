import { splitName } from '../../layer-types/split-name.ts';
import { findParameterAt } from '../../layer-types/name-view.ts';
import type { TensorClass } from '../../layer-types/tensor-class.ts';
import type { Member } from './types.ts';

/** A stack of blocks, or everything outside of stacks, which counts as one block. */
export interface Stack {
  /** null for what is outside. */
  readonly path: string | null;
  /** Depths, ascending. */
  readonly blocks: readonly number[];
  /** Its keys, in order of their spelling. */
  readonly keys: readonly Key[];
}

/** One tensor of every block and expert: what names that differ in those indices alone have in common. */
export interface Key {
  readonly id: number;
  readonly key: string;
  readonly class: TensorClass;
  readonly stack: number;
  /** Segments of the module, from the block on (from the start outside of stacks), as `self_attn`, `q_proj`. */
  readonly path: readonly string[];
  /** The same in one text. */
  readonly module: string;
  /** What of the name follows the module: `weight`. */
  readonly leaf: string;
  /** First segment of the name. */
  readonly top: string;
  /** Lines of the key, one for each expert, or one in all. */
  readonly lines: readonly Line[];
}

/** Tensors of one key and one expert: one in each block that has it. */
export interface Line {
  /** Index of the expert; -1 where there is none. */
  readonly expert: number;
  /** Rows of the tensors, and the positions of their blocks in the stack, ascending. */
  readonly rows: readonly number[];
  readonly positions: readonly number[];
  /** A text that is equal for lines of the same positions. */
  readonly extent: string;
}

/** The rows of a model, arranged for the description of its subsets. */
export interface Members {
  readonly rows: readonly Member[];
  /** The last one is what is outside of stacks. */
  readonly stacks: readonly Stack[];
  readonly keys: readonly Key[];
  /** Id of the key of every row. */
  readonly keyOf: Int32Array;
}

interface Draft {
  readonly key: string;
  readonly stackPath: string | null;
  readonly class: TensorClass;
  readonly rows: number[];
}

/** Arranges the rows of a model once, for any number of descriptions. Their order does not matter. */
export function readMembers(rows: readonly Member[]): Members {
  const drafts = collectKeys(rows);
  const paths = [...new Set(drafts.flatMap(({ stackPath }) => (stackPath === null ? [] : [stackPath])))].sort();
  const depths = new Map<string, Set<number>>(paths.map((path) => [path, new Set()]));
  for (const { stackPath, rows: own } of drafts)
    if (stackPath !== null) for (const row of own) depths.get(stackPath)?.add(depthOf(rows, row));
  const blocks = [...paths.map((path) => [...(depths.get(path) ?? [])].sort((a, b) => a - b)), [0]];
  const positions = blocks.map((list) => new Map(list.map((depth, at) => [depth, at])));
  const stackOf = new Map<string | null, number>([...paths.map((path, at) => [path, at] as const), [null, paths.length]]);
  const keyOf = new Int32Array(rows.length);
  const keys = drafts.map((draft, id): Key => {
    const stack = stackOf.get(draft.stackPath) ?? 0;
    for (const row of draft.rows) keyOf[row] = id;
    const place = positions[stack];
    const lines = readLines(rows, draft.rows, (row) => (draft.stackPath === null ? 0 : (place?.get(depthOf(rows, row)) ?? 0)));
    return { id, key: draft.key, class: draft.class, stack, lines, ...readPath(draft.key, draft.stackPath !== null) };
  });
  const grouped: Key[][] = blocks.map(() => []);
  for (const key of keys) grouped[key.stack]?.push(key);
  const stacks = grouped.map(
    (own, at): Stack => ({ path: paths[at] ?? null, blocks: blocks[at] ?? [], keys: own }),
  );
  return { rows, stacks, keys, keyOf };
}

function depthOf(rows: readonly Member[], row: number): number {
  return rows[row]?.class.depth ?? 0;
}

/** Keys in order of their spelling. One that occurs in two stacks, or with two types, is two. */
function collectKeys(rows: readonly Member[]): Draft[] {
  const drafts = new Map<string, Map<string, Draft>>();
  for (let row = 0; row < rows.length; row += 1) {
    const found = rows[row]?.class;
    if (found === undefined) continue;
    const kinds = drafts.get(found.key) ?? new Map<string, Draft>();
    if (kinds.size === 0) drafts.set(found.key, kinds);
    const kind = `${found.stack ?? ''}\n${found.type}\n${found.kind}`;
    const draft = kinds.get(kind);
    if (draft === undefined) kinds.set(kind, { key: found.key, stackPath: found.stack, class: found, rows: [row] });
    else draft.rows.push(row);
  }
  return [...drafts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, kinds]) => [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, draft]) => draft));
}

function readLines(rows: readonly Member[], own: readonly number[], positionOf: (row: number) => number): Line[] {
  const byExpert = new Map<number, number[]>();
  for (const row of own) {
    const expert = rows[row]?.class.expert ?? -1;
    const line = byExpert.get(expert);
    if (line === undefined) byExpert.set(expert, [row]);
    else line.push(row);
  }
  return [...byExpert]
    .sort(([a], [b]) => a - b)
    .map(([expert, line]) => {
      const positions = line.map(positionOf);
      if (positions.every((position, at) => at === 0 || position >= (positions[at - 1] ?? 0)))
        return { expert, rows: line, positions, extent: positions.join() };
      const order = line.map((_, at) => at).sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
      const sorted = order.map((at) => positions[at] ?? 0);
      return { expert, rows: order.map((at) => line[at] ?? 0), positions: sorted, extent: sorted.join() };
    });
}

function readPath(key: string, isInStack: boolean): Pick<Key, 'path' | 'module' | 'leaf' | 'top'> {
  const { raw, segments } = splitName(key);
  const end = Math.max(findParameterAt(segments), 0);
  const blockAt = isInStack ? raw.findIndex((segment) => segment.endsWith('#')) : -1;
  const from = blockAt + 1;
  const module = raw.slice(from, Math.max(end, from)).filter((segment) => segment !== '#');
  const path = module.length > 0 ? module : raw.slice(from);
  return { path, module: path.join('.'), leaf: module.length > 0 ? raw.slice(Math.max(end, from)).join('.') : '', top: raw[0] ?? '' };
}

/** What a block is called by the indices of its stages, as `layer 2.1`; null where its depth says all. */
export function findAlias({ rows, stacks }: Members, stack: number, depth: number): string | null {
  const { path, keys, blocks } = stacks[stack] ?? { path: null, keys: [], blocks: [] };
  const position = blocks.indexOf(depth);
  let best: string | null = null;
  for (const { key, lines } of path === null ? [] : keys) {
    const masked = splitName(key).raw.flatMap((segment, at) => (segment.endsWith('#') ? [at] : []));
    const indices = (lines[0]?.expert ?? -1) >= 0 ? masked.slice(0, -1) : masked;
    const line = indices.length < 2 ? undefined : lines[0];
    const at = line?.positions.indexOf(position) ?? -1;
    if (line === undefined || at < 0) continue;
    const { raw } = splitName(rows[line.rows[at] ?? 0]?.name ?? '');
    const tuple = indices.map((place) => /\d+$/.exec(raw[place] ?? '')?.[0] ?? '').join('.');
    if (best === null || tuple.length < best.length || (tuple.length === best.length && tuple < best)) best = tuple;
  }
  return best === null ? null : `${path?.split(/[./]/).at(-1) ?? ''} ${best}`;
}
