import { findBand } from '../bands.ts';
import { measureOverall } from '../overall.ts';
import { formatCosine, formatCount, formatNoun } from '../../wording/numbers.ts';
import { isMatrix, type TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { isBroken } from './broken.ts';
import { placeVerb, type Story } from './story.ts';

/** In fewer elements chance may be what two tensors have in common, or not. */
const FEWEST_ELEMENTS = 1000;

/** Weights that are all zero on a side, and weights that have nothing to do with the old ones. */
export const explainReplacement: Explain = (story, open) => {
  const zeroed = open.filter((row) => row.newNorm === 0 && row.oldNorm > 0);
  const born = open.filter((row) => row.oldNorm === 0 && row.newNorm > 0);
  const rest = open.filter((row) => row.oldNorm > 0 && row.newNorm > 0);
  const replaced = findReplaced(rest);
  return [
    ...(zeroed.length > 0 && zeroed.length === story.changed.length
      ? [
          {
            code: 'zeroed' as const,
            rows: zeroed,
            sentence: `all values of ${placeVerb(story.where(zeroed), 'became zero')}`,
            evidence: { tensors: zeroed.length },
          },
        ]
      : []),
    ...(born.length > 0 && born.length === story.changed.length
      ? [
          {
            code: 'from_zero' as const,
            rows: born,
            sentence: placeVerb(story.where(born), 'had been all zero'),
            evidence: { tensors: born.length },
          },
        ]
      : []),
    ...(replaced === null ? [] : [describeReplaced(story, replaced)]),
  ];
};

interface Replaced {
  readonly rows: readonly TensorRow[];
  /** Those of the rows that were looked at. */
  readonly measured: readonly TensorRow[];
}

/** All of the rows where they are unlike as a whole, and else those that are by themselves. */
function findReplaced(rows: readonly TensorRow[]): Replaced | null {
  // Norms that begin at 1 are alike in any two models.
  const matrices = rows.filter((row) => isMatrix(row));
  const measured = matrices.length > 0 ? matrices : rows;
  if (isUnlike(measured)) return { rows, measured };
  const unlike = matrices.filter((row) => row.elements >= FEWEST_ELEMENTS && isUnlike([row]));
  return unlike.length > 0 ? { rows: unlike, measured: unlike } : null;
}

/** In normal deviates of the norm of n independent weights, 1 / sqrt(2 n) of it: two initialisations are 1.4 apart, a rotation next to nothing. */
const SAME_NORM = 0.1;
/** Tensors that must keep their norms, and the share of all that must: one in twenty does by chance. */
const FEWEST_TURNED = 3;
const TURNED = 0.25;

function keepsNorm({ oldNorm, newNorm, elements }: TensorRow): boolean {
  return elements >= FEWEST_ELEMENTS && Math.abs(Math.log(newNorm / oldNorm)) * Math.sqrt(2 * elements) <= SAME_NORM;
}

function isUnlike(rows: readonly TensorRow[]): boolean {
  const { change, cosine, elements } = measureOverall(rows);
  return rows.length > 0 && findBand(change, cosine, elements) === 'replaced';
}

function describeReplaced(story: Story, { rows, measured }: Replaced): Claim {
  const { change, cosine, oneMinusCos, elements } = measureOverall(measured);
  const angle = `a cosine of ${formatCosine(oneMinusCos)}`;
  const unlike = new Set(rows);
  const isModel = story.compared.every((row) => !isMatrix(row) || unlike.has(row) || isBroken(row));
  const where = story.where(rows);
  const kept = measured.filter((row) => keepsNorm(row)).length;
  const turned =
    kept >= Math.max(FEWEST_TURNED, TURNED * measured.length)
      ? `yet ${kept === measured.length ? 'each keeps its norm' : `${formatCount(kept)} of them keep their norms`}, as a rotation or another order of the same weights leaves ${kept === measured.length ? 'it' : 'them'}`
      : null;
  const likeness = `${where.isPlural ? 'bear' : 'bears'} no resemblance to what ${where.isPlural ? 'they were' : 'it was'}`;
  return {
    code: 'replaced',
    rows,
    sentence:
      isModel || where.isComplement
        ? `no resemblance: ${angle} in ${formatNoun(measured.length, 'tensor')}, ${turned ?? 'as of another model, a new initialisation or a run that diverged'}`
        : `${placeVerb(where, likeness, rows.length === story.changed.length)}: ${angle}, ${turned ?? listCauses(rows)}`,
    evidence: { cosine, change, tensors: measured.length, elements, keptNorms: kept },
  };
}

/** What may lie behind other weights in a part of a model: in blocks, other blocks that were trained since, too. */
function listCauses(rows: readonly TensorRow[]): string {
  const areBlocks = rows.every((row) => row.class.stack !== null);
  return areBlocks ? 'as of a new initialisation, another model or another block' : 'as of a new initialisation or another model';
}
