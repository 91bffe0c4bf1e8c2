import type { ExplanationCode } from '../../../analysis/types.ts';
import { classifyColumns } from '../../../comparison/classify.ts';
import { changeTypeAt, type SideColumns, type TensorColumns } from '../../../comparison/columns.ts';
import { findParameterAt } from '../../../layer-types/name-view.ts';
import { splitName } from '../../../layer-types/split-name.ts';
import type { TensorClass } from '../../../layer-types/tensor-class.ts';
import { compareCodeUnits } from '../../../names/order.ts';
import type { Report } from '../../report.ts';
import { compareStandings, compareTowers, type Standing, standingOf } from './network-order.ts';
import {
  NOWHERE,
  type NumberColumn,
  type PageBlock,
  type PageModule,
  type PageTensors,
  type PageTower,
  type Status,
  STATUSES,
} from './page-tensors.ts';

/** The tensors of a comparison as a page has them: those of the given rows, or all. */
export function gatherTensors({ columns, analysis, old, new: fresh }: Report, rows: Uint32Array | null = null): PageTensors {
  const all = rows ?? Uint32Array.from(columns.names.keys());
  const pick = (values: Float64Array | undefined): Float64Array =>
    rows === null && values !== undefined ? values : Float64Array.from(all, (row) => values?.[row] ?? Number.NaN);
  const dtypes = new Dictionary<string>(String);
  const shapes = new Dictionary<readonly number[]>((shape) => shape.join());
  const types = new Dictionary<string>(String);
  const causes = new Dictionary<string>(String);
  const causeOf = new Map(analysis.explanations.flatMap(({ code, tensors }) => tensors.map((row) => [row, code] as const)));
  const classes = classifyColumns(columns);
  const place = (find: (row: number) => number): Int32Array => Int32Array.from(all, find);
  const dtype = (side: SideColumns) => (row: number) => dtypes.find(side.dtype[row] || null);
  const shape = (side: SideColumns) => (row: number) => shapes.find(side.dtype[row] ? (side.shape[row] ?? null) : null);
  const file = (side: SideColumns) => (row: number) => {
    const at = side.file?.[row] ?? Number.NaN;
    return Number.isNaN(at) ? NOWHERE : at;
  };
  const expert = (row: number): number => classes[row]?.expert ?? NOWHERE;
  const { towers, ...mapped } = arrange(classes);
  return {
    count: all.length,
    names: Array.from(all, (row) => columns.names[row] ?? ''),
    numbers: pickNumbers(columns, pick),
    places: {
      status: place((row) => STATUSES.indexOf(readStatus(columns, row, causeOf.get(row)))),
      oldFile: place(file(columns.old)),
      newFile: place(file(columns.new)),
      tower: place((row) => mapped.tower[row] ?? NOWHERE),
      module: place((row) => mapped.module[row] ?? NOWHERE),
      column: place((row) => mapped.column[row] ?? NOWHERE),
      expert: place(expert),
      type: place((row) => types.find(classes[row]?.type ?? null)),
      cause: place((row) => causes.find(causeOf.get(row) ?? null)),
      oldShape: place(shape(columns.old)),
      newShape: place(shape(columns.new)),
      oldDtype: place(dtype(columns.old)),
      newDtype: place(dtype(columns.new)),
    },
    towers,
    types: types.values,
    causes: causes.values,
    shapes: shapes.values,
    dtypes: dtypes.values,
    files: { old: old.files.map(({ path }) => path), new: fresh.files.map(({ path }) => path) },
    errors: new Map(
      Array.from(all, (row, at) => [at, columns.errors.get(row)] as const).flatMap(([at, error]) =>
        error === undefined ? [] : [[at, error] as const],
      ),
    ),
    histogram: pickHistogram(columns, all),
  };
}

function pickNumbers(
  columns: TensorColumns,
  pick: (values: Float64Array | undefined) => Float64Array,
): Record<NumberColumn, Float64Array> {
  const { old, new: fresh, rounding } = columns;
  return {
    l2: pick(columns.l2Diff),
    l1: pick(columns.l1Diff),
    maxDiff: pick(columns.maxDiff),
    meanDiff: pick(columns.meanDiff),
    turn: pick(columns.oneMinusCos),
    changed: pick(columns.changedElements),
    bitChanged: pick(columns.bitChanged),
    elements: pick(columns.totalElements),
    expected: pick(rounding?.expectedChanged),
    update: pick(rounding?.updateSize),
    oldNorm: pick(old.norm),
    newNorm: pick(fresh.norm),
    oldMean: pick(old.mean),
    newMean: pick(fresh.mean),
    oldStd: pick(old.std),
    newStd: pick(fresh.std),
    oldMin: pick(old.min),
    newMin: pick(fresh.min),
    oldMax: pick(old.max),
    newMax: pick(fresh.max),
    oldZeros: pick(old.zeros),
    newZeros: pick(fresh.zeros),
    oldNan: pick(old.nan),
    newNan: pick(fresh.nan),
    oldInf: pick(old.inf),
    newInf: pick(fresh.inf),
    oldBytes: pick(old.sizeBytes),
    newBytes: pick(fresh.sizeBytes),
    oldOffset: pick(old.offset),
    newOffset: pick(fresh.offset),
  };
}

function readStatus(columns: TensorColumns, row: number, cause: ExplanationCode | undefined): Status {
  if (columns.errors.has(row)) return 'failed';
  if (columns.identical[row] === 1) return 'identical';
  const type = changeTypeAt(columns, row);
  if (type === 'modified' && cause === 'codes') return 'codes';
  return type === 'modified' ? 'changed' : type === 'shape_changed' ? 'reshaped' : type;
}

function pickHistogram({ histogram }: TensorColumns, rows: Uint32Array): PageTensors['histogram'] {
  if (histogram === undefined) return null;
  const { firstExponent, bins } = histogram;
  const counts = new Float64Array(rows.length * bins);
  for (const [at, row] of rows.entries()) counts.set(histogram.counts.subarray(row * bins, (row + 1) * bins), at * bins);
  return { firstExponent, bins, counts };
}

/** The order of stacks that have one: the network goes down, through the middle, and up. */
const STACK_ORDER = [/(^|\.)(down|input)_blocks$/, /(^|\.)mid(dle)?_block/, /(^|\.)(up|output)_blocks$/];

/** Places of all tensors on the maps of their towers, whichever of them a page holds. */
function arrange(
  classes: readonly TensorClass[],
): Pick<PageTensors, 'towers'> & Record<'tower' | 'module' | 'column', Int32Array> {
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
      ([, a], [, b]) => Number(b.isOutside) - Number(a.isOutside) || compareStandings(a, b) || compareCodeUnits(a.path, b.path),
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
  // `layer2` before `layer10`.
  const natural = (stack: string): string => stack.replace(/\d{1,9}/g, (digits) => digits.padStart(9, '0'));
  return order(a) - order(b) || compareCodeUnits(natural(a), natural(b));
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

/** Values in the order in which they came, each once. */
class Dictionary<Value> {
  readonly values: Value[] = [];
  readonly #spell: (value: Value) => string;
  readonly #found = new Map<string, number>();

  constructor(spell: (value: Value) => string) {
    this.#spell = spell;
  }

  /** The place of a value, which it gets where it is new; null has none. */
  find(value: Value | null): number {
    if (value === null) return NOWHERE;
    const id = this.#spell(value);
    let at = this.#found.get(id);
    if (at === undefined) {
      at = this.values.push(value) - 1;
      this.#found.set(id, at);
    }
    return at;
  }
}
