import { readWords } from '../../layer-types/vocabulary.ts';
import type { Key } from './members.ts';
import type { GroupBy, ModuleGroup } from './types.ts';

/** A group of keys, and what it costs to name. */
export interface Group extends ModuleGroup {
  readonly cost: number;
  /** Of groups that are worth the same, the one with the lowest rank is taken. */
  readonly rank: number;
}

/** Groups of the keys of one scope. */
export interface Grouping {
  readonly groups: readonly Group[];
  /** By key, as positions in `groups`; in the order of the keys. */
  readonly of: readonly (readonly number[])[];
}

/** Cost of a group, and its rank among equals: words that everyone knows, then the names of modules, then the rest. */
const PRICES: Readonly<Record<GroupBy, readonly [cost: number, rank: number]>> = {
  statistics: [1, 0],
  role: [1, 0],
  tower: [1, 0],
  module: [1, 2],
  type: [1, 3],
  embeddings: [1, 3],
  kind: [1, 4],
  segment: [1.1, 5],
  inside: [1.1, 5],
  type_kind: [1.2, 6],
  key: [1.25, 7],
  top: [1.3, 8],
};

/** Types that are told by their word even where one module is all there is of them. */
const BY_WORD = new Set(['router', 'projector']);
/** Roles that have a word of their own. */
const ROLES = new Set(['mlp expert', 'mlp shared_expert', 'output classifier']);
/** Paths are taken for groups up to this length. */
const DEEPEST = 6;

/** Batch statistics and what counts them. */
export function isStatistic({ leaf }: Pick<Key, 'leaf'>): boolean {
  const name = leaf.toLowerCase();
  return name === 'num_batches_tracked' || readWords(name).has('batchStatistic');
}

/** Whether a key is in a group. The scope, a stack or the whole model, is up to the caller. */
export function isInGroup(key: Key, { by, value }: ModuleGroup): boolean {
  const { type, role, kind, tower } = key.class;
  switch (by) {
    case 'type':
      return type === value;
    case 'embeddings':
      return type === 'embedding' || type === 'position';
    case 'role':
      return `${type} ${role}` === value;
    case 'kind':
      return kind === value;
    case 'type_kind':
      return `${type} ${kind}` === value;
    case 'statistics':
      return isStatistic(key);
    case 'tower':
      return tower === value;
    case 'top':
      return key.top === value;
    case 'segment':
      return key.path.at(-1) === value;
    case 'inside':
      return key.module.startsWith(`${value}.`);
    case 'module':
      return key.module === value;
    case 'key':
      return key.key === value;
  }
}

/** All groups that a key is in. */
function readGroups(key: Key): ModuleGroup[] {
  const { type, role, kind, tower } = key.class;
  const { path } = key;
  const groups: ModuleGroup[] = [
    { by: 'module', value: key.module },
    { by: 'key', value: key.key },
    { by: 'segment', value: path.at(-1) ?? '' },
    { by: 'top', value: key.top },
  ];
  if (type !== 'other') groups.push({ by: 'type', value: type });
  if (type === 'embedding' || type === 'position') groups.push({ by: 'embeddings', value: 'all' });
  if (role !== null && ROLES.has(`${type} ${role}`)) groups.push({ by: 'role', value: `${type} ${role}` });
  if (kind === 'bias') groups.push({ by: 'kind', value: kind });
  if (kind !== 'buffer' && type !== 'other') groups.push({ by: 'type_kind', value: `${type} ${kind}` });
  if (isStatistic(key)) groups.push({ by: 'statistics', value: 'all' });
  if (tower !== null) groups.push({ by: 'tower', value: tower });
  for (let length = 1; length < path.length && length <= DEEPEST; length += 1)
    groups.push({ by: 'inside', value: path.slice(0, length).join('.') });
  return groups;
}

/** Groups within a stack, or outside of all, do not look at towers; those of a whole model do not look at modules. */
const ELSEWHERE: ReadonlySet<GroupBy> = new Set(['tower', 'top', 'segment']);
const NOWHERE: ReadonlySet<GroupBy> = new Set(['module', 'key', 'inside']);
/** Among more keys than these, which no model has, single names are not looked for. */
const MOST_NAMED_KEYS = 20_000;
const BY_NAME: readonly GroupBy[] = ['module', 'key', 'inside', 'segment', 'top'];

/** Groups of some keys, as they serve in a stack or in the whole model. */
export function groupKeys(keys: readonly Key[], isWhole: boolean): Grouping {
  const unwanted = new Set([...(isWhole ? NOWHERE : ELSEWHERE), ...(keys.length > MOST_NAMED_KEYS ? BY_NAME : [])]);
  const known = new Map<string, number>();
  const groups: Group[] = [];
  const of = keys.map((key) =>
    readGroups(key)
      .filter(({ by }) => !unwanted.has(by))
      .map((group) => {
        const id = `${group.by}\n${group.value}`;
        let at = known.get(id);
        if (at === undefined) {
          known.set(id, (at = groups.length));
          const [cost, rank] = PRICES[group.by];
          groups.push({ ...group, cost, rank: group.by === 'type' && BY_WORD.has(group.value) ? 0 : rank });
        }
        return at;
      }),
  );
  return { groups, of };
}

/** Groups in the order in which a network computes them: attention before MLPs, q before k, and names by their spelling. */
export function sortGroups<T extends ModuleGroup>(groups: readonly T[], keys: readonly Key[]): T[] {
  const ranks = new Map(
    groups.map((group) => {
      const own = keys.filter((key) => isInGroup(key, group));
      return [group, Math.min(...own.map(rankKey))] as const;
    }),
  );
  return [...groups].sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0) || (a.value < b.value ? -1 : 1));
}

const TYPE_ORDER = ['embedding', 'position', 'attention', 'ssm', 'router', 'mlp', 'conv', 'norm', 'output'];
const ROLE_ORDER = ['q', 'q_a', 'q_b', 'kv_a', 'kv_b', 'k', 'v', 'kv', 'qkv', 'o', 'gate', 'gate_up', 'up', 'down'];

function rankKey({ class: { type, role } }: Key): number {
  const place = TYPE_ORDER.indexOf(type);
  const part = role === null ? -1 : ROLE_ORDER.indexOf(role);
  return (place < 0 ? TYPE_ORDER.length : place) * 100 + (part < 0 ? ROLE_ORDER.length : part);
}
