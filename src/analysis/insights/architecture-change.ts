import type { Explain } from './insight.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { capitalize } from '../../wording/sentences.ts';

/** Tensors that one side does not have, or has in another shape. */
export const explainArchitectureChange: Explain = ({ counts, rows }) => {
  const { added, removed, shape_changed: reshaped } = counts.byType;
  if (added + removed + reshaped === 0) return [];
  const isDisjoint = counts.common === 0 && rows.length > 0;
  const parts = [
    ...(added > 0 ? [`added ${formatNoun(added, 'tensor')}`] : []),
    ...(removed > 0 ? [`removed ${formatNoun(removed, 'tensor')}`] : []),
    ...(reshaped > 0 ? [`changed the shape of ${formatNoun(reshaped, 'tensor')}`] : []),
  ];
  const name = (type: string): string[] =>
    rows
      .filter((row) => row.changeType === type)
      .slice(0, 10)
      .map((row) => row.name);
  return [
    {
      code: 'architecture_changed',
      category: 'architecture',
      title: isDisjoint ? 'Nothing in Common' : 'Model Architecture Changed',
      description: `${capitalize(parts.join(', '))}; ${isDisjoint ? 'no name occurs on both sides.' : `${formatNoun(counts.common, 'tensor')} in common.`}`,
      severity: removed > 0 || reshaped > 0 || isDisjoint ? 'warning' : 'info',
      evidence: {
        added,
        removed,
        reshaped,
        common: counts.common,
        addedNames: name('added'),
        removedNames: name('removed'),
        reshapedNames: name('shape_changed'),
      },
    },
  ];
};
