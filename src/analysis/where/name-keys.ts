import type { Group, Grouping } from './groups.ts';

/** Keys in words. */
export interface Naming {
  /** null for all keys of the scope. */
  readonly groups: readonly Group[] | null;
  /** The keys are those in none of the groups. */
  readonly isAllBut: boolean;
  readonly cost: number;
  /** Whether a key of the scope is meant. */
  readonly holds: Uint8Array;
}

/** What is to be named, by position of the key. */
export interface Scope {
  readonly grouping: Grouping;
  /** Keys that are there: groups count only these. */
  readonly exists: Uint8Array;
  /** Keys that may be named. */
  readonly allowed: Uint8Array;
  /** What naming a key is worth; 0 where it is told already. */
  readonly gain: Float64Array;
}

/** More groups than this are not named together. */
const MOST_GROUPS = 8;
/** Price of `but`, and how many groups it may be followed by where those that are meant can be named. */
const BUT = 0.8;
const MOST_BUT = 2;

/** The cheapest words for keys: all, some groups, or all but some groups; null where nothing is worth a word. */
export function nameKeys(scope: Scope): Naming | null {
  const { grouping, exists, allowed, gain } = scope;
  let missing = 0;
  let wanted = 0;
  for (let key = 0; key < exists.length; key += 1) {
    missing += exists[key] === 1 && allowed[key] === 0 ? 1 : 0;
    wanted += gain[key] ?? 0;
  }
  if (wanted === 0) return null;
  if (missing === 0) return { groups: null, isAllBut: false, cost: 0, holds: allowed };
  const direct = pickGroups(grouping, exists, allowed, gain);
  const rest = allowed.map((flag, key) => (exists[key] === 1 && flag === 0 ? 1 : 0));
  const but = pickGroups(grouping, exists, rest, Float64Array.from(rest));
  const isWhole = but !== null && rest.every((flag, key) => flag === 0 || but.holds[key] === 1);
  const isShort = (but?.groups?.length ?? 0) <= MOST_BUT;
  if (
    isWhole &&
    but !== null &&
    (direct === null || !isComplete(direct.holds, gain) || (isShort && but.cost + BUT < direct.cost))
  )
    return { groups: but.groups, isAllBut: true, cost: but.cost + BUT, holds: allowed };
  return direct;
}

function isComplete(holds: Uint8Array, gain: Float64Array): boolean {
  return gain.every((value, key) => value === 0 || holds[key] === 1);
}

/** Takes the group with the most for its price until all is named, or words run out. */
function pickGroups(grouping: Grouping, exists: Uint8Array, allowed: Uint8Array, gain: Float64Array): Naming | null {
  const { groups, of } = grouping;
  // A group with a key that may not be named is out.
  const isOut = new Uint8Array(groups.length);
  for (let key = 0; key < exists.length; key += 1)
    if (exists[key] === 1 && allowed[key] === 0) for (const group of of[key] ?? []) isOut[group] = 1;
  const holds = new Uint8Array(exists.length);
  const picked: Group[] = [];
  let cost = 0;
  while (picked.length < MOST_GROUPS) {
    const worth = new Float64Array(groups.length);
    for (let key = 0; key < exists.length; key += 1) {
      const value = holds[key] === 1 ? 0 : (gain[key] ?? 0);
      if (value > 0) for (const group of of[key] ?? []) worth[group] = (worth[group] ?? 0) + value;
    }
    let best = -1;
    for (let group = 0; group < groups.length; group += 1)
      if (isOut[group] === 0 && (worth[group] ?? 0) > 0 && (best < 0 || isBetter(groups, worth, group, best))) best = group;
    const group = groups[best];
    if (group === undefined) break;
    picked.push(group);
    cost += group.cost;
    for (let key = 0; key < exists.length; key += 1) if (exists[key] === 1 && (of[key] ?? []).includes(best)) holds[key] = 1;
  }
  return picked.length === 0 ? null : { groups: dropTold(picked, grouping, exists, gain), isAllBut: false, cost, holds };
}

/** Groups without those of which others hold every member that counts. */
function dropTold(picked: readonly Group[], { groups, of }: Grouping, exists: Uint8Array, gain: Float64Array): Group[] {
  let kept = [...picked];
  for (const group of picked) {
    const others = new Set(kept.filter((other) => other !== group).map((other) => groups.indexOf(other)));
    const own = groups.indexOf(group);
    const isTold = of.every(
      (list, key) => exists[key] === 0 || gain[key] === 0 || !list.includes(own) || list.some((at) => others.has(at)),
    );
    if (isTold && kept.length > 1) kept = kept.filter((other) => other !== group);
  }
  return kept;
}

function isBetter(groups: readonly Group[], worth: Float64Array, a: number, b: number): boolean {
  const [x, y] = [groups[a], groups[b]];
  if (x === undefined || y === undefined) return false;
  const difference = (worth[a] ?? 0) / x.cost - (worth[b] ?? 0) / y.cost;
  if (Math.abs(difference) > 1e-9) return difference > 0;
  if (x.rank !== y.rank) return x.rank < y.rank;
  return x.value < y.value;
}
