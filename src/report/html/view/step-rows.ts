/** The map of a series: what is known of each part of the model in each step. */
import { type PageSeries, stepAt } from '../data/page-series.ts';
import { NOWHERE, type PageModule } from '../data/placed-tensors.ts';
import { quoteValue } from './terms.ts';

/** What the rows of the map are. */
export const ROWS_BY = ['module', 'block', 'tensor'] as const;
export type RowsBy = (typeof ROWS_BY)[number];

/** Some tensors in some neighbouring steps. */
export interface StepCell {
  /** Largest relative step of one of them; NaN where none is known. */
  readonly most: number;
  /** Tensors with a size. */
  readonly sized: number;
  /** Tensors that no step changed. */
  readonly still: number;
  /** Tensors with NaN or Inf. */
  readonly broken: number;
}

/** A row: a module over all blocks, a block, or one tensor. */
export interface StepRow {
  /** Where it stands, in words. */
  readonly path: string;
  /** The name in full where the path is shorter. */
  readonly title: string;
  /** Rows of one group stand together. */
  readonly group: string;
  /** The search that leaves its tensors. */
  readonly terms: readonly string[];
  readonly tensors: readonly number[];
  /** By column. */
  readonly cells: readonly StepCell[];
  /** The largest distance from the start of its tensors; NaN where none is known. */
  readonly distance: number;
}

/** Neighbouring steps that share a column: one where there is room for all. From 0 on. */
export interface StepColumn {
  readonly first: number;
  readonly last: number;
}

/** More columns than these are put together. */
const MOST_COLUMNS = 64;
/** Up to so many modules a map is of modules at first, and of blocks otherwise. */
const MANY_MODULES = 48;

/** Steps as columns. */
export function joinSteps({ steps }: PageSeries): StepColumn[] {
  const together = Math.max(1, Math.ceil(steps.length / MOST_COLUMNS));
  return Array.from({ length: Math.ceil(steps.length / together) }, (_, at) => ({
    first: at * together,
    last: Math.min(steps.length, (at + 1) * together) - 1,
  }));
}

/** What the rows are at first, and what they can be: a model without blocks has rows of modules or of tensors. */
export function chooseRows({ towers }: PageSeries): { readonly first: RowsBy; readonly all: readonly RowsBy[] } {
  const hasBlocks = towers.some(({ columns }) => columns.length > 1);
  const modules = towers.reduce((sum, tower) => sum + tower.modules.length, 0);
  return hasBlocks
    ? { first: modules > MANY_MODULES ? 'block' : 'module', all: ROWS_BY }
    : { first: 'module', all: ['module', 'tensor'] };
}

/** The rows in the network's order. */
export function makeStepRows(series: PageSeries, by: RowsBy, columns: readonly StepColumn[]): StepRow[] {
  const drafts = new Map<string, Draft>();
  for (let row = 0; row < series.count; row += 1) {
    const draft = draftOf(series, by, row);
    const known = drafts.get(draft.id);
    if (known === undefined) drafts.set(draft.id, draft);
    else known.tensors.push(row);
  }
  return [...drafts.values()]
    .sort((a, b) => compareOrders(a.order, b.order))
    .map(({ path, title = path, group, terms, tensors }) => ({
      ...{ path, title, group, terms, tensors },
      cells: columns.map((column) => sumCell(series, tensors, column)),
      distance: findMost(tensors.map((row) => series.atEnd.distance[row] ?? Number.NaN)),
    }));
}

interface Draft {
  readonly id: string;
  readonly path: string;
  readonly title?: string;
  readonly group: string;
  readonly terms: readonly string[];
  /** Number by number. */
  readonly order: readonly number[];
  readonly tensors: number[];
}

/** The row that a tensor belongs to. */
function draftOf(series: PageSeries, by: RowsBy, row: number): Draft {
  const { places, towers, names } = series;
  const tower = places.tower[row] ?? NOWHERE;
  const at = places.module[row] ?? NOWHERE;
  const column = places.column[row] ?? NOWHERE;
  const module = towers[tower]?.modules[at];
  const block = towers[tower]?.columns[column];
  const inTower = towers.length > 1 ? `${towers[tower]?.name ?? ''}: ` : '';
  const own = towers.length > 1 ? [`tower:${quoteValue(towers[tower]?.name ?? '')}`] : [];
  // What comes before the blocks stands above them, and all else outside of them below.
  const part = module?.isOutside !== true ? 1 : isFirst(module) ? 0 : 2;
  const group = `${tower} ${module?.isOutside === true ? part : (module?.group ?? '')}`;
  const ofModule = [...own, `module=${quoteValue(module?.path ?? '')}`, ...(module?.isOutside === true ? ['block:none'] : [])];
  if (by === 'tensor') {
    const title = names[row] ?? '';
    const path = `${inTower}${shortenName(series, row)}`;
    const order = [tower, part, column, at, row];
    return {
      id: String(row),
      path,
      title,
      group: `${tower} ${part} ${column}`,
      terms: [quoteValue(title)],
      order,
      tensors: [row],
    };
  }
  if (by === 'block' && block !== undefined) {
    const isAlone = new Set(towers[tower]?.columns.map(({ stack }) => stack)).size === 1;
    const terms = [...own, ...(isAlone ? [] : [`stack:${quoteValue(block.stack)}`]), `block:${block.depth}`];
    const path = isAlone ? `${inTower}block ${block.depth}` : `${inTower}${block.stack}.${block.depth}`;
    return {
      id: `${tower} b${column}`,
      path,
      group: `${tower} ${block.stack}`,
      terms,
      order: [tower, 1, column],
      tensors: [row],
    };
  }
  const order = [tower, part, at];
  return { id: `${tower} m${at}`, path: `${inTower}${module?.path ?? ''}`, group, terms: ofModule, order, tensors: [row] };
}

/** `11.self_attn.q_proj` for a weight of a block, `11.self_attn.q_proj.bias` for what is none. The blocks of several stacks keep their names. */
function shortenName({ places, towers, names }: PageSeries, row: number): string {
  const name = names[row] ?? '';
  const tower = towers[places.tower[row] ?? NOWHERE];
  const block = tower?.columns[places.column[row] ?? NOWHERE];
  const isAlone = tower?.columns.every(({ stack }) => stack === block?.stack) === true;
  const short = block !== undefined && isAlone && name.startsWith(`${block.stack}.`) ? name.slice(block.stack.length + 1) : name;
  return short.replace(/(?<=.)\.weight$/, '');
}

function isFirst({ group }: PageModule): boolean {
  return group === 'embedding';
}

function compareOrders(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const other = b[at] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}

function sumCell(series: PageSeries, tensors: readonly number[], { first, last }: StepColumn): StepCell {
  let [most, sized, still, broken] = [Number.NaN, 0, 0, 0];
  for (const row of tensors) {
    let [own, isBroken] = [Number.NaN, false];
    for (let step = first; step <= last; step += 1) {
      own = larger(own, stepAt(series, 'step', row, step));
      isBroken ||= stepAt(series, 'nonfinite', row, step) > 0;
    }
    most = larger(most, own);
    if (isBroken) broken += 1;
    else if (own === 0) still += 1;
    if (!Number.isNaN(own)) sized += 1;
  }
  return { most, sized, still, broken };
}

function findMost(values: readonly number[]): number {
  return values.reduce(larger, Number.NaN);
}

/** The larger of two numbers, of which NaN is none. */
function larger(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a;
}
