import { formatNoun, formatShare } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { Explain } from './insight.ts';

/** From this share of unchanged tensors or elements on it is worth a word. */
const MANY = 0.5;
/**
 * What did not change: a large part of the elements, or a set that can be named and the first line does not name (it names what changed, or
 * where all matrices did, what did not); and where rounding may hide a change.
 */
export const explainFrozenParts: Explain = ({ frozen, counts, density, claims }) => {
  const tensors = frozen.tensors > 0 ? frozen.tensors : counts.byType.unchanged + counts.byType.modified;
  const still = frozen.tensors > 0 ? frozen.frozenTensors : counts.byType.unchanged;
  if (tensors === 0 || still === tensors) return [];
  const share = frozen.elements > 0 ? frozen.frozenElements / frozen.elements : still / tensors;
  const kept = counts.unchangedShare ?? share;
  const isTold =
    frozen.where === null || frozen.where.isComplement || claims.some(({ evidence }) => evidence['everything'] === true);
  if (Math.max(share, still / tensors, kept) < MANY && (isTold || !frozen.where.exact)) return [];
  const sentences =
    still === 0
      ? ['Every tensor changed, but not every element.']
      : [
          `${formatNoun(still, 'tensor')} of ${tensors} (${formatShare(share)}${frozen.elements > 0 ? ' of the elements' : ''}) did not change at all.`,
        ];
  if (!isTold) sentences.push(`Frozen: ${frozen.where.text}.`);
  if (kept >= MANY && kept - share > 0.05)
    sentences.push(describeKept(kept, counts.expectedUnchangedShare, density?.dtypes ?? []));
  if (frozen.undecidedTypes.length > 0) {
    sentences.push(
      `Of ${joinWords(frozen.undecidedTypes)} it cannot be told: an update as elsewhere would be lost in rounding there.`,
    );
  }
  return [
    {
      code: 'parts_frozen',
      category: 'training_config',
      title: share >= MANY || still / tensors >= MANY ? 'Many Layers Appear Frozen' : 'Parts Did Not Change',
      description: sentences.join(' '),
      severity: 'info',
      evidence: {
        unchanged: still,
        total: tensors,
        ratio: still / tensors,
        elementShare: share,
        where: frozen.where?.text ?? null,
        terms: frozen.where?.terms ?? [],
        unchangedElements: counts.unchangedShare,
        expectedUnchangedElements: counts.expectedUnchangedShare,
        undecidedTypes: frozen.undecidedTypes,
        typicalUpdate: frozen.typicalUpdate,
      },
    },
  ];
};

function describeKept(kept: number, expected: number | null, dtypes: readonly string[]): string {
  const text = `In all, ${formatShare(kept)} of the elements kept their value`;
  if (expected === null) return `${text}.`;
  return `${text}; rounding${dtypes.length > 0 ? ` to ${joinWords(dtypes)}` : ''} alone explains ${formatShare(expected)}.`;
}
