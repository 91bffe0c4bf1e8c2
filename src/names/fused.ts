/**
 * Tensors that one side stores as one and the other in parts: queries, keys and values, gate and up projections, the experts of a block.
 * Only layouts are here whose parts lie one after the other; those that are interleaved by heads, as in GPT-NeoX, have other names.
 */
import { joinWords } from '../wording/sentences.ts';
import type { NamedTensors, NamedView, Step } from './named-view.ts';
import { listSpellings } from './synonyms.ts';
import { unwrapName } from './wrappers.ts';

const QKV = [
  ['q_proj', 'k_proj', 'v_proj'],
  ['q', 'k', 'v'],
  ['query', 'key', 'value'],
  ['to_q', 'to_k', 'to_v'],
  ['wq', 'wk', 'wv'],
];
const KV = QKV.map((parts) => parts.slice(1));
const GATE_UP = [
  ['gate_proj', 'up_proj'],
  ['w1', 'w3'],
];

/** By what the module is called, what its parts are called, in the order in which they lie. */
const FUSED: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['qkv_proj', QKV],
  ['qkv', QKV],
  ['Wqkv', QKV],
  ['to_qkv', QKV],
  ['in_proj', QKV],
  ['kv_proj', KV],
  ['to_kv', KV],
  ['gate_up_proj', GATE_UP],
]);

/** The same for the tensors that hold all experts of a block. */
const STACKED: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['gate_up_proj', GATE_UP],
  ['gate_proj', [['gate_proj'], ['w1']]],
  ['up_proj', [['up_proj'], ['w3']]],
  ['down_proj', [['down_proj'], ['w2']]],
]);

/** Most experts of a tensor; the largest known models have 512. */
const MOST_EXPERTS = 4096;
/** Most tensors that those of a checkpoint are made. */
const MOST_VIEWS = 1 << 20;

/** A side with its fused tensors taken apart. */
export interface Split {
  readonly views: readonly NamedView[];
  /** Rows of the tensors that were taken apart. */
  readonly rows: ReadonlySet<number>;
  /** What was done, as `qkv_proj into q_proj, k_proj and v_proj`, and to how many tensors. */
  readonly rules: ReadonlyMap<string, number>;
}

interface Parts {
  readonly views: readonly NamedView[];
  readonly rule: string;
}

/** Finds the tensors of one side that the other one has in parts, of the same sizes. */
export function splitFused(own: NamedTensors, other: NamedTensors): Split {
  const views: NamedView[] = [];
  const rows = new Set<number>();
  const rules = new Map<string, number>();
  let taken: Set<string> | undefined;
  const wrapped = lookThroughWrappers(other);
  for (let row = 0; row < own.names.length; row += 1) {
    const name = own.names[row] ?? '';
    // Names in the same order are not looked up.
    if (name === other.names[row] || other.find(name) !== undefined || !own.isReadable(row)) continue;
    const found = splitStack(name, row, own, wrapped) ?? splitModule(name, row, own, wrapped);
    if (found === null) continue;
    const names = (taken ??= new Set(own.names));
    if (found.views.some((view) => names.has(view.name))) continue;
    if (views.length + found.views.length > MOST_VIEWS) break;
    for (const view of found.views) names.add(view.name);
    views.push(...found.views);
    rows.add(row);
    rules.set(found.rule, (rules.get(found.rule) ?? 0) + 1);
  }
  return { views, rows, rules };
}

/** Finds names that differ by wrappers too, where only one tensor is called so without them. */
function lookThroughWrappers(tensors: NamedTensors): NamedTensors {
  let bare: Map<string, number | undefined> | undefined;
  const index = (): Map<string, number | undefined> => {
    const rows = new Map<string, number | undefined>();
    for (const [row, name] of tensors.names.entries()) {
      const key = unwrapName(name);
      rows.set(key, rows.has(key) ? undefined : row);
    }
    return rows;
  };
  return { ...tensors, find: (name) => tensors.find(name) ?? (bare ??= index()).get(unwrapName(name)) };
}

function splitModule(name: string, row: number, own: NamedTensors, other: NamedTensors): Parts | null {
  const match = /^(.*\.|)([^.]+?)(?:[._](weight|bias))$/u.exec(name);
  const [, prefix = '', module = '', leaf = ''] = match ?? [];
  const shape = own.shape(row);
  for (const parts of FUSED.get(module) ?? []) {
    const leaves = parts.map((part) => `${part}.${leaf}`);
    const cuts = cutEitherWay(prefix, leaves, shape, other);
    if (cuts === null) continue;
    const views = cuts.map((steps, at) => ({ name: `${prefix}${leaves[at]}`, row, steps }));
    return { views, rule: `${module} into ${joinWords(parts)}` };
  }
  return null;
}

/** The experts of a block, `[experts, out, in]` or, for inputs from the left, `[experts, in, out]`. */
function splitStack(name: string, row: number, own: NamedTensors, other: NamedTensors): Parts | null {
  const match = /^(.*\.|)experts\.([^.]+?)(?:\.weight)?$/u.exec(name);
  const [, prefix = '', module = ''] = match ?? [];
  const [experts = 0, ...shape] = own.shape(row);
  // With biases gate and up are interleaved, as in gpt-oss.
  if (shape.length !== 2 || experts > MOST_EXPERTS || own.find(`${name}_bias`) !== undefined) return null;
  const at = `${prefix}experts.`;
  for (const parts of STACKED.get(module) ?? []) {
    const leaves = parts.map((part) => `${part}.weight`);
    const isCounted = (expert: number): boolean => findPart(at, `${expert}.${leaves[0]}`, other) !== undefined;
    if (!isCounted(experts - 1) || isCounted(experts)) continue;
    const first = leaves.map((leaf) => `0.${leaf}`);
    const cuts = cutEitherWay(at, first, shape, other);
    if (cuts === null) continue;
    const views = Array.from({ length: experts }, (_, expert) =>
      cuts.map((steps, part): NamedView => ({
        name: `${at}${expert}.${leaves[part]}`,
        row,
        steps: [{ operation: 'slice', numbers: [expert, expert + 1] }, { operation: 'reshape', numbers: [...shape] }, ...steps],
      })),
    ).flat();
    return { views, rule: `experts.${module} into ${joinWords(parts)} of each expert` };
  }
  return null;
}

/** {@link cutAsOther}, of a matrix whose rows may be the columns of the other side. */
function cutEitherWay(prefix: string, leaves: readonly string[], shape: readonly number[], other: NamedTensors): Step[][] | null {
  const direct = cutAsOther(prefix, leaves, shape, other);
  if (direct !== null || shape.length !== 2) return direct;
  const turned = cutAsOther(prefix, leaves, [...shape].reverse(), other);
  return turned?.map((steps) => [TRANSPOSE, ...steps]) ?? null;
}

/** Steps that cut a tensor of the shape into parts as the other side has them; null where it has none, or of other sizes. */
function cutAsOther(prefix: string, leaves: readonly string[], shape: readonly number[], other: NamedTensors): Step[][] | null {
  const shapes = leaves.map((leaf) => findPart(prefix, leaf, other));
  const sizes: number[][] = [];
  for (const part of shapes) {
    if (part === undefined || part.length !== shape.length) return null;
    sizes.push([...part]);
  }
  const axis = shape.findIndex((size, at) => {
    const rest = (part: readonly number[]): boolean => part.every((one, other) => other === at || one === shape[other]);
    return sizes.every(rest) && sizes.reduce((sum, part) => sum + (part[at] ?? 0), 0) === size;
  });
  if (axis < 0) return null;
  if (sizes.length === 1) return [[]];
  let start = 0;
  return sizes.map((part) => {
    const range = [start, start + (part[axis] ?? 0)];
    start = range[1] ?? 0;
    return [{ operation: 'slice', numbers: [...Array.from({ length: 2 * axis }, () => WHOLE), ...range] }];
  });
}

const TRANSPOSE: Step = { operation: 'permute', numbers: [1, 0] };

/** An axis that is not cut, as the binding has it. */
const WHOLE = -1;

/** The shape of a part at the other side, which may have one prefix more or less, or older names. */
function findPart(prefix: string, leaf: string, other: NamedTensors): readonly number[] | undefined {
  const shorter = prefix.slice(prefix.indexOf('.') + 1);
  for (const at of [prefix, `model.${prefix}`, shorter].flatMap(listSpellings)) {
    const row = other.find(`${at}${leaf}`);
    if (row !== undefined) return other.isReadable(row) ? other.shape(row) : undefined;
  }
  return undefined;
}
