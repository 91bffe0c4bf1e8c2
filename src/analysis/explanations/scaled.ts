import { formatPercent } from '../../wording/numbers.ts';
import { groupChange } from '../overall.ts';
import { median } from '../statistics.ts';
import { isMatrix, type TensorRow } from '../tensor-row.ts';
import { isOfAdapter } from './adapter.ts';
import type { Claim, Explain } from './explanation.ts';
import { countPlaced, type Story } from './story.ts';

/** Rounding unit by dtype: half a step relative to the value. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['bf16', 2 ** -8],
  ['f16', 2 ** -11],
  ['f32', 2 ** -22],
  ['f64', 2 ** -22],
]);
/** Factors of one group differ by at most this share of their distance from 1. */
const SHARED = 0.02;
/** A common factor must explain this many times what is left over. */
const DOMINANT = 3;
/** A factor that leaves something over, or is one of vectors, must be shared by this many tensors: one alone is a change like any other. */
const FEWEST = 3;
/** With something left over, also by this share of all that changed: by chance a few share a factor. */
const MOST = 0.25;

/** What a factor applied step by step leaves beside one applied once: every step rounds. */
const REPEATED = 1e-6;

interface Scaled {
  readonly row: TensorRow;
  readonly factor: number;
  /** |new - factor old| / |new|. */
  readonly residual: number;
  readonly unit: number;
}

/** Tensors that were multiplied by a number, alone or with a smaller change beside it, by groups that share the number. */
export const explainScaling: Explain = (story, open) => {
  const scaled = open.flatMap((row) => readScaled(row) ?? []).sort((a, b) => a.factor - b.factor);
  return groupByFactor(scaled).flatMap((group) => describe(story, group) ?? []);
};

/** The factor a of new = a old + rest, where it stands out of rounding and of the rest. */
function readScaled(row: TensorRow): Scaled | null {
  const unit = UNITS.get(isOfAdapter(row.newDtype) ? 'f32' : row.newDtype);
  if (unit === undefined || !(row.oldNorm > 0) || !(row.newNorm > 0) || Number.isNaN(row.oneMinusCos)) return null;
  const factor = ((1 - row.oneMinusCos) * row.newNorm) / row.oldNorm;
  const residual = Math.sqrt(Math.max(0, row.oneMinusCos * (2 - row.oneMinusCos)));
  // Both as lengths of the change: a factor says little of weights that turned away.
  const scaling = Math.abs(factor - 1) * row.oldNorm;
  const isDominant = Math.abs(factor - 1) > 4 * unit && scaling > DOMINANT * residual * row.newNorm;
  return isDominant ? { row, factor, residual, unit } : null;
}

/** Neighbours in the order of their factors whose factors are one, up to rounding. */
function groupByFactor(sorted: readonly Scaled[]): Scaled[][] {
  const groups: Scaled[][] = [];
  for (const one of sorted) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    const isNear = first !== undefined && one.factor - first.factor <= toleranceOf(first, one);
    if (group !== undefined && isNear) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

/** How far apart two factors may be that are one: rounding and what is left over blur both. */
function toleranceOf(a: Scaled, b: Scaled): number {
  return SHARED * Math.abs(a.factor - 1) + 0.5 * Math.max(a.unit, b.unit) + 0.2 * Math.max(a.residual, b.residual);
}

function describe(story: Story, group: readonly Scaled[]): Claim | null {
  const isExact = group.every(({ residual, unit }) => residual <= 1.5 * unit + REPEATED);
  const hasMatrix = group.some(({ row }) => isMatrix(row));
  // The weights of a norm lie near 1: trained upwards together they look scaled.
  const isMany = group.length >= Math.max(FEWEST, MOST * story.changed.length);
  const isTelling = isExact ? hasMatrix || group.length >= FEWEST : hasMatrix && isMany;
  if (!isTelling) return null;
  const rows = group.map(({ row }) => row);
  const factor = median(group.map((one) => one.factor));
  // What is left over, relative to old, over the matrices: norms near 1 would outweigh them.
  const matrices = group.filter(({ row }) => isMatrix(row));
  const rest = groupChange(
    (matrices.length > 0 ? matrices : group).map(({ row, residual }) => ({
      length: residual * row.newNorm,
      size: row.oldNorm,
    })),
  );
  const isAll = rows.length === story.changed.length && rows.length === story.compared.length;
  const areChanges = rows.every((row) => isOfAdapter(row.newDtype));
  const whole = areChanges ? 'every ΔW' : 'all weights';
  const subject = isAll ? whole : rows.length === 1 ? (rows[0]?.name ?? '') : countPlaced(story, rows);
  const verb = rows.length > 1 && !(isAll && areChanges) ? 'were' : 'was';
  const words =
    factor < 0 && Math.abs(factor + 1) < 0.01
      ? `${subject} changed ${verb === 'were' ? 'their' : 'its'} sign`
      : `${subject} ${verb} scaled by ${formatFactor(factor)}`;
  return {
    code: 'scaled',
    rows,
    sentence: `${words}${isExact ? '' : `, with a change of ${formatPercent(rest)} beyond that`}`,
    evidence: { factor, tensors: rows.length, rest, isExact },
  };
}

/** Two digits of its distance from 1: `1.10`, `0.9985`. */
function formatFactor(factor: number): string {
  const distance = Math.abs(factor - 1);
  // A distance just below a power of ten rounds up to it.
  return factor.toFixed(distance > 0 ? Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(distance * 1.05)))) : 2);
}
