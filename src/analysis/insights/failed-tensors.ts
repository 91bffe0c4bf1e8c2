import { formatNoun } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** Tensors that could not be read or compared: nothing that is said here holds for them. */
export const explainFailedTensors: Explain = ({ counts, rows }) => {
  const { failed } = counts.byType;
  if (failed === 0) return [];
  const failures = rows.filter((row) => row.error !== null);
  return [
    {
      code: 'tensors_failed',
      category: 'stability',
      title: 'Tensors Could Not Be Compared',
      description: `${formatNoun(failed, 'tensor')} could not be compared: ${listNames(failures.map((row) => row.name)) || 'see the list'}. Nothing that is said here holds for them.`,
      severity: 'warning',
      evidence: { failed, examples: failures.slice(0, 10).map((row) => [row.name, row.error]) },
    },
  ];
};
