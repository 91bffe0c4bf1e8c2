import { type Nonfinite, totalNonfinite } from '../comparison/nonfinite.ts';
import { isBroken } from './explanations/broken.ts';
import { findOverflows, type Overflow } from './overflow.ts';
import type { TensorRow } from './tensor-row.ts';

/** Tensors that hold NaN or Inf. */
export interface NonFinite {
  /** Tensors with more of them in new than in old, in order of depth, added tensors included. */
  readonly appeared: readonly string[];
  /** Those of them that a conversion to a narrower dtype explains. */
  readonly overflows: readonly Overflow[];
  /** The others. */
  readonly unexplained: Appearance;
  /** Share of the elements of new that are NaN or Inf in tensors where they appeared, 0 to 1. */
  readonly elementShare: number;
  /** Tensors that had them before and have no more now. */
  readonly persistent: readonly string[];
  /** Tensors of new. */
  readonly tensors: number;
  /** Elements of new. */
  readonly elements: number;
}

/** NaN and Inf in tensors of new. */
export interface Appearance {
  readonly tensors: readonly string[];
  readonly nan: number;
  readonly inf: number;
  /** Share of the elements of new, 0 to 1. */
  readonly elementShare: number;
}

/** Finds NaN and Inf. */
export function countNonFinite(rows: readonly TensorRow[]): NonFinite {
  const present = rows.filter((row) => row.changeType !== 'removed');
  const elements = present.reduce((sum, row) => sum + (row.elements || 0), 0);
  const holding = present.filter((row) => totalNonfinite(row.readSide('new')) > 0);
  const order = (row: TensorRow): number => row.class.depth ?? Infinity;
  const appeared = holding.filter(isBroken).sort((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
  const overflows = findOverflows(appeared);
  const explained = new Set(overflows.flatMap(({ tensors }) => tensors));
  return {
    appeared: appeared.map(({ name }) => name),
    overflows,
    unexplained: describeAppearance(
      appeared.filter(({ name }) => !explained.has(name)),
      elements,
    ),
    elementShare: describeAppearance(appeared, elements).elementShare,
    persistent: holding.filter((row) => !isBroken(row)).map(({ name }) => name),
    tensors: present.length,
    elements,
  };
}

function describeAppearance(rows: readonly TensorRow[], elements: number): Appearance {
  const add = (kind: keyof Nonfinite): number => rows.reduce((sum, row) => sum + (row.readSide('new')[kind] || 0), 0);
  const [nan, inf] = [add('nan'), add('inf')];
  const elementShare = elements > 0 ? Math.min(1, (nan + inf) / elements) : 0;
  return { tensors: rows.map(({ name }) => name), nan, inf, elementShare };
}
