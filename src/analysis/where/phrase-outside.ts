import { nameSet } from './block-set.ts';
import { isInGroup, sortGroups } from './groups.ts';
import type { Key, Members } from './members.ts';
import { listExperts, nameGroups, type Phrase } from './phrase-parts.ts';
import type { ModuleGroup, WhereTerm } from './types.ts';
import type { GroupWords } from './words.ts';

/** As many modules outside of the blocks are named rather than called everything there. */
const FEW_MODULES = 4;

/** Words of a term about what is outside of all stacks. */
export function phraseOutside(members: Members, { modules, isAllBut, experts }: WhereTerm): Phrase {
  const at = members.stacks.length - 1;
  const stack = members.stacks[at] ?? { path: null, blocks: [], keys: [] };
  const words = nameOutside(members, at, stack.keys, modules, isAllBut);
  if (experts === null) {
    const items = words.items === undefined ? {} : { items: words.items };
    return { subject: words.text, places: [], isPlural: words.isPlural, isEverywhere: false, ...items };
  }
  const numbers = listExperts(stack);
  const set = nameSet(
    { noun: 'expert', all: numbers },
    experts.map((expert) => numbers.indexOf(expert)),
  );
  const subject = modules === null ? set : `${words.text} of ${set}`;
  return { subject, places: [], isPlural: experts.length > 1, isEverywhere: false };
}

function nameOutside(
  members: Members,
  at: number,
  keys: readonly Key[],
  modules: readonly ModuleGroup[] | null,
  isAllBut: boolean,
): GroupWords & { readonly items?: readonly string[] } {
  const rest = members.stacks.length === 1 ? 'everything' : 'everything outside the blocks';
  if (modules !== null && !isAllBut) return nameGroups(members, at, modules, false);
  const kept = keys.filter((key) => modules === null || !modules.some((group) => isInGroup(key, group)));
  const paths = [...new Set(kept.map(({ module }) => module))];
  const isWhole = keys.every((key) => !paths.includes(key.module) || kept.includes(key));
  if (paths.length <= FEW_MODULES && isWhole) {
    const named = paths.map((value): ModuleGroup => ({ by: 'module', value }));
    return nameGroups(members, at, sortGroups(named, keys), false);
  }
  if (modules === null) return { text: rest, isPlural: false };
  return { text: `${rest} but ${nameGroups(members, at, modules, true).text}`, isPlural: false };
}
