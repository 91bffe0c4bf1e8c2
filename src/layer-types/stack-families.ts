/** What lies below one family of indices, as `model.layers.#`. */
export interface Family {
  /** The family of the index before, where there is one. */
  readonly outer: string | null;
  /** Number of indices before. */
  readonly level: number;
  /** By index: the names of its tensors without path, inner indices masked. */
  readonly children: Map<number, Set<string>>;
}

/** Different kinds of block that are told apart within one stack. */
const MOST_KINDS = 64;

/** Families that are stacks of blocks. An inner one must hold modules, not the bare parameters of a Sequential. */
export function acceptFamilies(families: ReadonlyMap<string, Family>): ReadonlySet<string> {
  const accepted = new Set<string>();
  const inside = new Set<string>();
  for (const [path, family] of [...families].sort(([, a], [, b]) => a.level - b.level)) {
    const isInner = family.outer !== null && inside.has(family.outer);
    const isAccepted = family.children.size >= 2 && !(isInner && holdsBareParameters(family)) && hasTwins(family);
    if (isAccepted) accepted.add(path);
    if (isInner || isAccepted) inside.add(path);
  }
  return accepted;
}

function holdsBareParameters(family: Family): boolean {
  for (const child of family.children.values()) for (const rest of child) if (rest.includes('.')) return false;
  return true;
}

/** Whether at least half of the members have another that shares more than half of their tensors: hybrids have several kinds of block. */
function hasTwins(family: Family): boolean {
  const kinds = new Map<string, { readonly child: ReadonlySet<string>; count: number }>();
  for (const child of family.children.values()) {
    const signature = [...child].sort().join('\n');
    const kind = kinds.get(signature);
    if (kind === undefined) kinds.set(signature, { child, count: 1 });
    else kind.count += 1;
  }
  const list = [...kinds.values()].sort((a, b) => b.count - a.count);
  const references = list.slice(0, MOST_KINDS);
  let twins = 0;
  for (const kind of list) {
    if (kind.count > 1 || references.some((other) => other !== kind && sharesMost(kind.child, other.child))) twins += kind.count;
  }
  return twins * 2 >= family.children.size;
}

function sharesMost(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  let shared = 0;
  for (const rest of a) if (b.has(rest)) shared += 1;
  return shared * 2 > Math.max(a.size, b.size);
}
