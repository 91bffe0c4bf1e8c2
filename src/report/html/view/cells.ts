/** The map of a tower: what is known of each module in each block, and of whole rows and columns. */
import { numberAt, type PageTensors, statusAt } from '../data/page-tensors.ts';
import { NOWHERE, type PageModule, type PageTower } from '../data/placed-tensors.ts';
import { formatOneMinusCos } from '../../../wording/numbers.ts';
import { countNonfinite, fold, isSized, percent, ratio, readRelative } from './quantities.ts';

/** Sums over some tensors. */
export interface Sums {
  tensors: number;
  /** Tensors with a size. */
  sized: number;
  identical: number;
  /** Tensors whose new side holds NaN or Inf. */
  broken: number;
  added: number;
  removed: number;
  reshaped: number;
  failed: number;
  /** Tensors stored as codes, which have no size. */
  codes: number;
  /** Sums of d², old² and new². */
  energy: number;
  old: number;
  new: number;
  elements: number;
  changed: number;
  /** Elements and changed elements of the tensors of which the expected share is known, and those expected to have changed. */
  modelled: number;
  modelledChanged: number;
  expected: number;
  /** Smallest and largest relative change of a tensor; Infinity and 0 where there is none. */
  least: number;
  most: number;
}

/** Nothing yet. */
export function emptySums(): Sums {
  const counts = { tensors: 0, sized: 0, identical: 0, broken: 0, added: 0, removed: 0, reshaped: 0, failed: 0, codes: 0 };
  const sums = { energy: 0, old: 0, new: 0, elements: 0, changed: 0, modelled: 0, modelledChanged: 0, expected: 0 };
  return { ...counts, ...sums, least: Infinity, most: 0 };
}

/** Takes a tensor in. */
export function addTensor(sums: Sums, tensors: PageTensors, row: number): void {
  const status = statusAt(tensors, row);
  sums.tensors += 1;
  if (status === 'failed') sums.failed += 1;
  if (status === 'added' || status === 'removed' || status === 'reshaped') sums[status] += 1;
  if (countNonfinite(tensors, 'new', row) > 0) sums.broken += 1;
  if (status === 'identical') sums.identical += 1;
  if (status === 'codes') sums.codes += 1;
  if (!isSized(tensors, row)) return;
  const energy = status === 'identical' ? 0 : square(numberAt(tensors, 'l2', row));
  const before = square(numberAt(tensors, 'oldNorm', row));
  const after = square(numberAt(tensors, 'newNorm', row));
  if (!Number.isFinite(energy + before + after)) return;
  sums.sized += 1;
  sums.energy += energy;
  sums.old += before;
  sums.new += after;
  const elements = numberAt(tensors, 'elements', row) || 0;
  const changed = numberAt(tensors, 'changed', row);
  const expected = numberAt(tensors, 'expected', row);
  sums.elements += elements;
  sums.changed += changed;
  if (Number.isFinite(expected)) {
    sums.modelled += elements;
    sums.modelledChanged += changed;
    sums.expected += expected * elements;
  }
  const relative = readRelative(tensors, row);
  sums.least = Math.min(sums.least, relative);
  sums.most = Math.max(sums.most, relative);
}

/** A number of some tensors together that a map can show. */
export interface Measure {
  readonly key: string;
  readonly title: string;
  readonly read: (sums: Sums) => number;
  readonly format: (value: number) => string;
  /** Whether 1 is the middle, and less is as much of a change as more. */
  readonly isRatio?: true;
}

/** The measure that a map shows first. */
export const FIRST_MEASURE: Measure = {
  key: 'rel',
  title: 'relative change',
  read: ({ energy, old }) => (energy === 0 ? 0 : Math.sqrt(energy / old)),
  format: percent,
};

export const MEASURES: readonly Measure[] = [
  FIRST_MEASURE,
  { key: 'cos', title: '1 − cosine', read: readTurn, format: formatOneMinusCos },
  {
    key: 'changed',
    title: 'elements changed',
    read: ({ changed, elements }) => (elements === 0 ? 0 : changed / elements),
    format: percent,
  },
  {
    key: 'expected',
    title: 'changed over expected',
    read: ({ modelledChanged, expected, modelled }) => (modelled === 0 ? Number.NaN : modelledChanged / expected),
    format: fold,
    isRatio: true,
  },
  {
    key: 'ratio',
    title: 'norm ratio',
    read: ({ old, new: fresh }) => (old === 0 && fresh === 0 ? 1 : Math.sqrt(fresh / old)),
    format: ratio,
    isRatio: true,
  },
];

/** NaN where f64 holds the length and not its square: such a tensor stands for itself alone. */
function square(length: number): number {
  const squared = length ** 2;
  return squared === 0 && length !== 0 ? Number.NaN : squared;
}

/** 1 − cos of the whole, from the three sides of the triangle. */
function readTurn({ energy, old, new: fresh }: Sums): number {
  if (energy === 0) return 0;
  const product = Math.sqrt(old * fresh);
  if (product === 0) return Number.NaN;
  const length = Math.sqrt(fresh) - Math.sqrt(old);
  return Math.min(2, Math.max(0, (energy - length ** 2) / (2 * product)));
}

/** Some neighbouring blocks of one stack: one where there is room for all. */
export interface MapColumn {
  /** Places in `PageTower.columns`, from the first to the last. */
  readonly first: number;
  readonly last: number;
}

/** One row of a map. */
export interface MapRow {
  readonly module: PageModule;
  /** Place in `PageTower.modules`. */
  readonly at: number;
  /** Expert whose row it is; null for a whole module. */
  readonly expert: number | null;
  /** By column; null where the module is not in these blocks. */
  readonly cells: readonly (Sums | null)[];
  readonly total: Sums;
  /** Experts of the module over all blocks; 0 where it has none. */
  readonly experts: number;
}

/** The map of a tower. */
export interface TowerMap {
  readonly tower: PageTower;
  readonly columns: readonly MapColumn[];
  /** Modules of the blocks, in the network's order, the rows of an opened module's experts after it. */
  readonly rows: readonly MapRow[];
  /** Modules outside of blocks. */
  readonly outside: readonly MapRow[];
  /** All tensors of each column. */
  readonly profile: readonly Sums[];
}

/** More columns than these are put together. */
export const MOST_COLUMNS = 64;

/** Makes the map of a tower. @param opened place of the module whose experts have rows of their own; -1 for none */
export function makeMap(tensors: PageTensors, tower: number, opened: number = -1): TowerMap {
  const known = tensors.towers[tower] ?? { name: '', modules: [], columns: [] };
  const columns = joinColumns(known);
  const columnOf = new Uint32Array(known.columns.length);
  for (const [at, { first, last }] of columns.entries()) columnOf.fill(at, first, last + 1);
  const { places } = tensors;
  const rows = known.modules.map(() => ({
    cells: columns.map(() => null as Sums | null),
    total: emptySums(),
    experts: new Set<number>(),
  }));
  const experts = new Map<number, { cells: (Sums | null)[]; total: Sums }>();
  const profile = columns.map(() => emptySums());
  for (let row = 0; row < tensors.count; row += 1) {
    if (places.tower[row] !== tower) continue;
    const at = places.module[row] ?? NOWHERE;
    const module = rows[at];
    if (module === undefined) continue;
    addTensor(module.total, tensors, row);
    const expert = places.expert[row] ?? NOWHERE;
    if (expert !== NOWHERE) module.experts.add(expert);
    const place = places.column[row] ?? NOWHERE;
    if (place === NOWHERE) continue;
    const column = columnOf[place] ?? 0;
    addTensor((module.cells[column] ??= emptySums()), tensors, row);
    addTensor(profile[column] ?? emptySums(), tensors, row);
    if (at !== opened || expert === NOWHERE) continue;
    let own = experts.get(expert);
    if (own === undefined) experts.set(expert, (own = { cells: columns.map(() => null), total: emptySums() }));
    addTensor(own.total, tensors, row);
    addTensor((own.cells[column] ??= emptySums()), tensors, row);
  }
  const made = rows.flatMap(({ experts: all, ...row }, at): MapRow[] => {
    const module = known.modules[at];
    if (module === undefined) return [];
    const whole = { module, at, expert: null, ...row, experts: all.size };
    if (at !== opened) return [whole];
    const own = [...experts].sort(([a], [b]) => a - b);
    return [whole, ...own.map(([expert, sums]) => ({ module, at, expert, ...sums, experts: 0 }))];
  });
  return {
    tower: known,
    columns,
    rows: made.filter(({ module }) => !module.isOutside),
    outside: made.filter(({ module }) => module.isOutside),
    profile,
  };
}

/** Blocks as columns, so many neighbours together that there is room for all; of several stacks none share a column while there is room. */
function joinColumns({ columns }: PageTower): MapColumn[] {
  const together = Math.ceil(columns.length / MOST_COLUMNS);
  const mixesStacks = countStacks(columns) > MOST_COLUMNS / 4;
  const joined: MapColumn[] = [];
  for (let first = 0; first < columns.length;) {
    const end = columns.slice(first, first + together).findIndex(({ stack }) => !mixesStacks && stack !== columns[first]?.stack);
    const last = Math.min(columns.length, end < 0 ? first + together : first + end) - 1;
    joined.push({ first, last });
    first = last + 1;
  }
  return joined;
}

/** Stacks that some blocks are of. */
export function countStacks(columns: PageTower['columns']): number {
  return new Set(columns.map(({ stack }) => stack)).size;
}
