import { isOpenQuestion } from '../../comparison/left-out.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** What could be weights and was not compared: nothing that is said here holds for it. */
export const explainLeftOut: Explain = ({ summary }) => {
  const open = summary.leftOut.filter(isOpenQuestion);
  if (open.length === 0) return [];
  const oneSided = open.filter(({ oldBytes, newBytes }) => oldBytes === null || newBytes === null).length;
  const how =
    oneSided === open.length
      ? 'one side alone has them'
      : oneSided === 0
        ? 'their bytes differ'
        : `${oneSided} on one side alone, the others with different bytes`;
  return [
    {
      code: 'left_out',
      category: 'architecture',
      title: 'Weights Were Left Out',
      description: `${formatNoun(open.length, 'file or part', 'files or parts')} that could hold weights ${open.length === 1 ? 'was' : 'were'} not compared (${how}): ${listNames(open.map(({ name }) => name))}.`,
      severity: 'warning',
      evidence: { count: open.length, oneSided, names: open.slice(0, 20).map(({ name }) => name) },
    },
  ];
};
