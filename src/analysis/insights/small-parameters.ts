import { isAuxiliary, isMatrix } from '../tensor-row.ts';
import { formatCount, formatNoun } from '../../wording/numbers.ts';
import type { Explain } from './insight.ts';

/** All matrices are as they were; only biases, norms and other vectors changed. */
export const explainSmallParameters: Explain = ({ rows }) => {
  const compared = rows.filter((row) => row.isCompared && !isAuxiliary(row));
  const matrices = compared.filter((row) => isMatrix(row));
  const changed = compared.filter((row) => row.change > 0);
  if (matrices.length === 0 || changed.length === 0 || matrices.some((row) => row.change > 0)) return [];
  const norms = changed.filter((row) => row.class.type === 'norm').length;
  const biases = changed.filter((row) => row.class.kind === 'bias' && row.class.type !== 'norm').length;
  return [
    {
      category: 'training_dynamics',
      title: 'Only Vectors Changed',
      description: `${matrices.length === 1 ? 'The only matrix is' : `All ${formatCount(matrices.length)} matrices are`} unchanged; ${formatNoun(changed.length, 'vector')} changed (${norms} of norms, ${formatNoun(biases, 'bias', 'biases')}), as tuning of biases or norms does.`,
      severity: 'info',
      evidence: { matrices: matrices.length, changed: changed.length, norms, biases },
      confidence: 0.95,
    },
  ];
};
