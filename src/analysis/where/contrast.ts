/**
 * Groups of tensors of which some changed several times as much as the rest. Only groups that changed are compared: what did not
 * change is told as a set, and a ratio to it would be made up.
 */
import { formatPercent } from '../../wording/numbers.ts';
import { capitalize, joinWords } from '../../wording/sentences.ts';
import { groupRows, measureGroup, type GroupSize, type SizedRow } from './sizes.ts';
import { cutName, isTelling, nameTower, nameType } from './words.ts';

/** One group in a contrast. */
export interface ContrastGroup extends GroupSize {
  /** What it is called: `routers`, `the vision tower`, `expert 3`, `q_proj`. */
  readonly name: string;
  /** Share of Σd² of all groups, 0 to 1; null where nothing changed. */
  readonly share: number | null;
  /** R over that of all other groups that changed together; null where one of the two is zero or not known. */
  readonly fold: number | null;
}

/** By what rows are grouped. */
export type ContrastBy = 'tower' | 'type' | 'role' | 'expert';

/** Groups of which one at least differs from the rest by three times or more. */
export interface Contrast {
  readonly by: ContrastBy;
  /** All groups, the one that changed most first; those without a size last. */
  readonly groups: readonly ContrastGroup[];
  /** The largest factor, in either direction, between a group and the rest. */
  readonly factor: number;
  /** `Routers changed by 20%, experts by 2.0% and attention by 0.08%`, without the full stop. */
  readonly text: string;
}

/** A group differs from the rest by this factor, or it is not worth a word. */
const DIFFERS = 3;
/** Groups within this factor of the largest of them share a number. */
const ALIKE = 1.5;
/** More numbers than these are not put into a sentence. */
const MOST_NUMBERS = 4;
/** More groups of one number are not listed by name. */
const MOST_NAMES = 4;

/**
 * Contrasts between parts of the model, layer types, roles within attention and MLPs, and experts, the starkest first.
 * @param rows what the overall change is measured on: matrices, where a matrix changed
 */
export function findContrasts(rows: readonly SizedRow[]): Contrast[] {
  const readers: readonly (readonly [by: ContrastBy, groupOf: (row: SizedRow) => string | null])[] = [
    ['tower', createTowerReader(rows)],
    ['type', nameTypeOf],
    ['role', nameRoleOf],
    ['expert', ({ class: { expert } }) => (expert === null ? null : `expert ${expert}`)],
  ];
  return readers.flatMap(([by, groupOf]) => contrast(by, groupRows(rows, groupOf)) ?? []).sort((a, b) => b.factor - a.factor);
}

function nameTypeOf({ class: { type, role } }: SizedRow): string {
  if (type === 'mlp' && role === 'expert') return 'experts';
  if (type === 'mlp' && role === 'shared_expert') return 'shared experts';
  if (type === 'position') return 'embeddings';
  return type === 'output' ? 'the head' : nameType(type).word;
}

/** Projections of attention and MLPs by their role, all else by its type. */
function nameRoleOf(row: SizedRow): string {
  const { type, role } = row.class;
  return (type === 'attention' || (type === 'mlp' && role !== 'expert' && role !== 'shared_expert')) && role !== null
    ? `${nameType(type).word} (${role.replaceAll('_', ' and ')})`
    : nameTypeOf(row);
}

/** What files call the module of a role, where all its tensors agree: `o_proj`; null for what says too little alone. */
function nameModules(rows: readonly SizedRow[]): string | null {
  const names = new Set(rows.map(({ name }) => name.split('.').at(-2) ?? ''));
  const [name = ''] = names;
  return names.size === 1 && isTelling(name) ? cutName(name) : null;
}

/** Tensors of no known type: by their name where it is one, or one of theirs. */
function nameOthers(rows: readonly SizedRow[]): string {
  const [first, ...others] = rows;
  return others.length === 0 && first !== undefined ? cutName(first.name) : (nameModules(rows) ?? 'other weights');
}

/** Towers by their words; what is in none is the rest of the model. */
function createTowerReader(rows: readonly SizedRow[]): (row: SizedRow) => string {
  const classes = rows.map((row) => row.class);
  const words = new Map<string, string>();
  for (const { tower } of classes) if (tower !== null && !words.has(tower)) words.set(tower, `the ${nameTower(tower, classes)}`);
  return ({ class: { tower } }) => (tower === null ? 'the rest of the model' : (words.get(tower) ?? tower));
}

function contrast(by: ContrastBy, grouped: ReadonlyMap<string, readonly SizedRow[]>): Contrast | null {
  const sizes = [...grouped].map(([name, rows]) => ({
    name: (by === 'role' && nameModules(rows)) || (name === 'other' ? nameOthers(rows) : name),
    ...measureGroup(rows),
  }));
  const total = sizes.reduce((sum, { energy }) => sum + energy, 0);
  const groups = sizes
    .map((size): ContrastGroup => ({ ...size, share: total > 0 ? size.energy / total : null, fold: foldOf(size, sizes) }))
    .sort((a, b) => (b.change ?? -1) - (a.change ?? -1) || (a.name < b.name ? -1 : 1));
  const factor = groups.reduce((most, { fold }) => (fold === null ? most : Math.max(most, fold, 1 / fold)), 1);
  return factor >= DIFFERS ? { by, groups, factor, text: putIntoWords(groups) } : null;
}

/** R of a group over that of all others that changed, as one vector. */
function foldOf(group: GroupSize, all: readonly GroupSize[]): number | null {
  const rest = all.filter((other) => other !== group && (other.change ?? 0) > 0);
  const weight = rest.reduce((sum, other) => sum + other.weight, 0);
  const energy = rest.reduce((sum, other) => sum + other.energy, 0);
  if (!((group.change ?? 0) > 0) || !(energy > 0) || !(weight > 0)) return null;
  return (group.change ?? 0) / Math.sqrt(energy / weight);
}

/** Groups that changed alike share a number, which is that of them together. */
function putIntoWords(groups: readonly ContrastGroup[]): string {
  const clusters: ContrastGroup[][] = [];
  for (const group of groups) {
    if (!((group.change ?? 0) > 0)) continue;
    const last = clusters.at(-1);
    if (last !== undefined && (last[0]?.change ?? 0) < ALIKE * (group.change ?? 0)) last.push(group);
    else clusters.push([group]);
  }
  const told = clusters.length <= MOST_NUMBERS ? clusters : [...clusters.slice(0, MOST_NUMBERS - 1), ...clusters.slice(-1)];
  const parts = told.map((cluster, at) => {
    const energy = cluster.reduce((sum, group) => sum + group.energy, 0);
    const weight = cluster.reduce((sum, group) => sum + group.weight, 0);
    return `${nameCluster(cluster)}${at === 0 ? ' changed' : ''} by ${formatPercent(Math.sqrt(energy / weight))}`;
  });
  return capitalize(joinWords(parts));
}

function nameCluster(cluster: readonly ContrastGroup[]): string {
  const names = [...cluster].sort((a, b) => b.energy - a.energy || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
  if (names.length <= MOST_NAMES) return joinWords(names);
  const [first = ''] = names;
  return first.startsWith('expert ')
    ? `${names.length} experts`
    : `${joinWords(names.slice(0, MOST_NAMES - 1))} and ${names.length - MOST_NAMES + 1} more`;
}
