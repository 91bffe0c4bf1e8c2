import { findParameterAt } from '../../../layer-types/name-view.ts';
import { splitName } from '../../../layer-types/split-name.ts';
import type { TensorClass } from '../../../layer-types/tensor-class.ts';
import { compareCodeUnits } from '../../../names/order.ts';
import { compareStandings, compareTowers, type Standing, standingOf } from './network-order.ts';
import { NOWHERE, type PageBlock, type PageModule, type PageTower } from './placed-tensors.ts';

/** The order of stacks that have one: the network goes down, through the middle, and up. */
const STACK_ORDER = [/(^|\.)(down|input)_blocks$/, /(^|\.)mid(dle)?_block/, /(^|\.)(up|output)_blocks$/];

/** Networks with their modules and blocks in order, and where each tensor stands in them. */
export interface Placing extends Record<'tower' | 'module' | 'column' | 'expert', Int32Array> {
  readonly towers: readonly PageTower[];
}

/** Finds the places of all tensors. */
export function placeTensors(classes: readonly TensorClass[]): Placing {
  const nameOf = nameTowers(classes);
  const drafts = new Map<string, Draft>();
  const draftOf = classes.map((part) => readDraft(drafts, part, nameOf(part)));
  const towers = [...drafts].sort(([a], [b]) => compareTowers(a, b)).map(([, draft]) => draft);
  const orders = new Map(towers.map((draft) => [draft, draft.finish()] as const));
  const find = (kind: 'module' | 'column'): Int32Array =>
    Int32Array.from(draftOf, ({ draft, ...ids }) => {
      const id = ids[kind];
      return id === null ? NOWHERE : (orders.get(draft)?.[kind].get(id) ?? NOWHERE);
    });
  return {
    towers: towers.map((draft) => orders.get(draft)?.tower ?? { name: '', modules: [], columns: [] }),
    tower: Int32Array.from(draftOf, ({ draft }) => towers.indexOf(draft)),
    module: find('module'),
    column: find('column'),
    expert: Int32Array.from(classes, ({ expert }) => expert ?? NOWHERE),
  };
}

interface Placed {
  readonly draft: Draft;
  readonly module: string;
  readonly column: string | null;
}

/** The tower of each tensor: where one alone has blocks, what belongs to no other goes with it. */
function nameTowers(classes: readonly TensorClass[]): (part: TensorClass) => string {
  const withBlocks = new Set(classes.filter(({ stack }) => stack !== null).map(({ tower }) => tower));
  if (withBlocks.size <= 1) return () => 'model';
  return ({ tower }) => (withBlocks.has(tower) ? (tower ?? 'model') : 'rest');
}

function readDraft(drafts: Map<string, Draft>, part: TensorClass, name: string): Placed {
  let draft = drafts.get(name);
  if (draft === undefined) drafts.set(name, (draft = new Draft(name)));
  return { draft, ...draft.add(part) };
}

/** A tower while its tensors come in. */
class Draft {
  readonly #name: string;
  readonly #modules = new Map<string, PageModule & Standing>();
  readonly #columns = new Map<string, PageBlock>();
  readonly #paths = new Map<string, { readonly id: string; readonly path: string }>();

  constructor(name: string) {
    this.#name = name;
  }

  add(part: TensorClass): { module: string; column: string | null } {
    const { stack, depth, key } = part;
    const isOutside = stack === null || depth === null;
    const cached = `${isOutside} ${key}`;
    let known = this.#paths.get(cached);
    if (known === undefined) {
      const path = readModulePath(key, !isOutside);
      known = { path, id: `${isOutside} ${path}` };
      this.#paths.set(cached, known);
      if (!this.#modules.has(known.id)) this.#modules.set(known.id, { path, isOutside, ...standingOf(part, path) });
    }
    if (isOutside) return { module: known.id, column: null };
    const column = `${stack} ${depth}`;
    if (!this.#columns.has(column)) this.#columns.set(column, { stack, depth });
    return { module: known.id, column };
  }

  /** Everything in its order, and where each thing went. */
  finish(): { tower: PageTower; module: ReadonlyMap<string, number>; column: ReadonlyMap<string, number> } {
    const modules = [...this.#modules].sort(
      ([, a], [, b]) => Number(b.isOutside) - Number(a.isOutside) || compareStandings(a, b) || compareNumbered(a.path, b.path),
    );
    const columns = [...this.#columns].sort(([, a], [, b]) => compareStacks(a.stack, b.stack) || a.depth - b.depth);
    return {
      tower: {
        name: this.#name,
        modules: modules.map(([, { path, group, isOutside }]) => ({ path, group, isOutside })),
        columns: columns.map(([, block]) => block),
      },
      module: new Map(modules.map(([id], at) => [id, at])),
      column: new Map(columns.map(([id], at) => [id, at])),
    };
  }
}

function compareStacks(a: string, b: string): number {
  if (a === b) return 0;
  const order = (stack: string): number => STACK_ORDER.findIndex((pattern) => pattern.test(stack));
  return order(a) - order(b) || compareNumbered(a, b);
}

/** `layer2` before `layer10`. */
function compareNumbered(a: string, b: string): number {
  const pad = (text: string): string => text.replace(/\d{1,9}/g, (digits) => digits.padStart(9, '0'));
  return compareCodeUnits(pad(a), pad(b));
}

/** Path of the module that holds a tensor, from the block on where there is one; `*` for the index of an expert. */
function readModulePath(key: string, isInStack: boolean): string {
  const { raw, segments } = splitName(key);
  let from = isInStack ? raw.findIndex((segment) => segment.endsWith('#')) + 1 : 0;
  // Blocks in stages have two indices, which their depth stands for.
  while (raw[from] === '#') from += 1;
  const path = raw.slice(from, Math.max(findParameterAt(segments), from));
  return (path.length > 0 ? path : raw.slice(from)).join('.').replaceAll('#', '*') || key;
}
