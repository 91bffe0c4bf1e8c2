import { isInGroup } from './groups.ts';
import type { Members } from './members.ts';
import type { Where, WhereTerm } from './types.ts';

/** Which rows a description means: 1 for those in the set that it gives. The same as the set described where it is exact. */
export function selectRows(members: Members, where: Pick<Where, 'terms' | 'isComplement' | 'exceptions'>): Uint8Array {
  const { rows } = members;
  const selected = new Uint8Array(rows.length).fill(where.isComplement ? 1 : 0);
  const exceptions = new Set(where.exceptions);
  for (const term of where.terms) {
    const holds = createTest(members, term);
    for (let row = 0; row < rows.length; row += 1) if (holds(row)) selected[row] = where.isComplement ? 0 : 1;
  }
  if (exceptions.size > 0) rows.forEach(({ name }, row) => exceptions.has(name) && (selected[row] = 0));
  return selected;
}

/** Asks of a row whether a term holds it; modules are looked at once for each key. */
function createTest({ rows, keys, keyOf }: Members, term: WhereTerm): (row: number) => boolean {
  const { modules, isAllBut, stack, isOutside } = term;
  const isKeyIn = keys.map((key) => {
    const { stack: own } = key.class;
    if (isOutside ? own !== null : stack !== null && own !== stack) return false;
    return modules === null || modules.some((group) => isInGroup(key, group)) !== isAllBut;
  });
  const blocks = term.blocks === null ? null : new Set(term.blocks);
  const experts = term.experts === null ? null : new Set(term.experts);
  return (row) => {
    const { depth = null, expert = null } = rows[row]?.class ?? {};
    return (
      isKeyIn[keyOf[row] ?? -1] === true &&
      (blocks === null || (depth !== null && blocks.has(depth))) &&
      (experts === null || (expert !== null && experts.has(expert)))
    );
  };
}
