import type { ChangePattern } from '../types.ts';
import type { TensorRow } from '../tensor-row.ts';
import { formatFold, formatShare } from '../../wording/numbers.ts';
import { capitalize } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

type Evidence = Readonly<Record<string, unknown>>;

/** What each pattern means, with the numbers that show it. */
const MEANINGS: Readonly<Record<ChangePattern, (evidence: Evidence) => string>> = {
  uniform: () => 'all parts of the network changed by about the same share of their size',
  gradient: ({ fold }) => `earlier blocks changed more: the first ${fold_(fold, true)} as much as the last`,
  inverse_gradient: ({ fold }) => `later blocks changed more: the last ${fold_(fold, false)} as much as the first`,
  focused: ({ activeShare }) => `the change sits in a part of the network: ${share(activeShare)} of the tensors`,
  sparse: ({ activeShare, changedShare, expectedChangedShare }) =>
    typeof changedShare === 'number' && typeof expectedChangedShare === 'number' && changedShare < 0.6 * expectedChangedShare
      ? `only ${share(changedShare)} of the elements changed, where rounding lets ${share(expectedChangedShare)} change`
      : `only scattered tensors changed: ${share(activeShare)} of them`,
  attention_heavy: ({ attentionFold }) => `attention changed ${fold_(attentionFold, false)} as much as the rest of the body`,
  mlp_heavy: ({ mlpFold }) => `MLPs changed ${fold_(mlpFold, false)} as much as the rest of the body`,
  embedding_heavy: ({ embeddingFold }) => `embeddings changed ${fold_(embeddingFold, false)} as much as the body`,
};

function fold_(value: unknown, isInverse: boolean): string {
  return typeof value === 'number' && value > 0 ? formatFold(isInverse ? 1 / value : value) : 'several times';
}

function share(value: unknown): string {
  return typeof value === 'number' ? formatShare(value) : 'few';
}

/** Patterns of one type: that type, and what to say where the rest of the body did not change at all: a fold would be made up. */
const ALONE: ReadonlyMap<ChangePattern, readonly [type: string, words: string]> = new Map([
  ['attention_heavy', ['attention', 'attention changed, the rest of the body not at all']],
  ['mlp_heavy', ['mlp', 'MLPs changed, the rest of the body not at all']],
  ['embedding_heavy', ['embedding', 'embeddings changed, the body not at all']],
]);

function describeAlone(pattern: ChangePattern, measured: readonly TensorRow[]): string | null {
  const [type, words] = ALONE.get(pattern) ?? [];
  const rest = measured.filter((row) => ![type, 'embedding', 'position', 'output'].includes(row.class.type));
  return words !== undefined && rest.length > 0 && rest.every((row) => row.change === 0) ? words : null;
}

/** Where in the network the change sits. */
export const explainPattern: Explain = ({ pattern, measured }) => {
  if (pattern === null || pattern.identical) return [];
  const [, second] = pattern.probabilities;
  const name = pattern.pattern.replaceAll('_', ' ').replace('mlp', 'MLP');
  const meaning = describeAlone(pattern.pattern, measured) ?? MEANINGS[pattern.pattern](pattern.evidence);
  const doubt =
    pattern.ambiguous && second !== undefined ? ` Ambiguous: ${second[0]} is nearly as likely (${formatShare(second[1])}).` : '';
  return [
    {
      category: 'training_dynamics',
      title: `Change Pattern: ${name
        .split(' ')
        .map((word) => capitalize(word))
        .join(' ')}`,
      description: `${capitalize(meaning)}.${doubt}`,
      severity: 'info',
      evidence: { pattern: pattern.pattern, ...pattern.evidence, probabilities: pattern.probabilities },
      confidence: pattern.confidence,
    },
  ];
};
