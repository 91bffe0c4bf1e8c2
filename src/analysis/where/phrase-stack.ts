import { nameSet } from './block-set.ts';
import { isInGroup } from './groups.ts';
import { findAlias, type Members, type Stack } from './members.ts';
import { listExperts, nameGroups, nameStack, type Phrase } from './phrase-parts.ts';
import type { ModuleGroup, WhereTerm } from './types.ts';

/** Words of a term about a stack. */
export function phraseStack(members: Members, term: WhereTerm): Phrase {
  const at = members.stacks.findIndex(({ path }) => path === term.stack);
  const stack = members.stacks[at] ?? { path: null, blocks: [], keys: [] };
  const of = nameStack(members, at);
  const { modules, isAllBut, experts } = term;
  const positions = positionsOf(stack, term.blocks);
  const blocks = nameBlocks(members, at, stack.blocks, positions);
  const isSingle = positions.length === 1;
  if (experts !== null) {
    const numbers = listExperts(stack);
    const set = nameSet(
      { noun: 'expert', all: numbers },
      experts.map((expert) => numbers.indexOf(expert)),
    );
    const where = `${term.blocks === null ? 'every block' : blocks}${of}`;
    const parts = modules === null ? null : nameGroups(members, at, modules, isAllBut);
    const what = parts === null ? set : `${parts.text} of ${set}`;
    const isPlural = parts === null ? experts.length > 1 : parts.isPlural;
    return { subject: `${what} of ${where}`, places: [], isPlural, isEverywhere: false };
  }
  if (modules === null) return { subject: `${blocks}${of}`, places: [], isPlural: !isSingle, isEverywhere: false };
  const words = nameGroups(members, at, modules, isAllBut);
  if (isAllBut) return { subject: `${blocks}${of} except ${words.text}`, places: [], isPlural: !isSingle, isEverywhere: false };
  const having = term.blocks === null ? blocksHaving(stack, modules) : positions;
  const isEverywhere = term.blocks === null;
  const isHybrid = having.length < positions.length;
  const some =
    having.length === 1
      ? nameBlocks(members, at, stack.blocks, having)
      : `${having.length === 2 ? 'both' : `all ${having.length}`} blocks that have ${words.isPlural ? 'them' : 'it'}`;
  const place = `in ${isHybrid ? some : blocks}${of}`;
  return {
    subject: words.text,
    places: [place],
    isPlural: words.isPlural || having.length > 1,
    isEverywhere: isEverywhere && having.length > 1,
  };
}

function nameBlocks(members: Members, stack: number, all: readonly number[], positions: readonly number[]): string {
  return nameSet({ noun: 'block', all, aliasOf: (depth) => findAlias(members, stack, depth) }, positions);
}

function positionsOf({ blocks }: Pick<Stack, 'blocks'>, depths: readonly number[] | null): number[] {
  const wanted = depths === null ? null : new Set(depths);
  return blocks.flatMap((depth, at) => (wanted === null || wanted.has(depth) ? [at] : []));
}

/** Positions of the blocks that have a tensor of the groups. */
function blocksHaving({ keys }: Stack, modules: readonly ModuleGroup[]): number[] {
  const found = new Set<number>();
  for (const key of keys)
    if (modules.some((group) => isInGroup(key, group)))
      for (const { positions } of key.lines) for (const position of positions) found.add(position);
  return [...found].sort((a, b) => a - b);
}
