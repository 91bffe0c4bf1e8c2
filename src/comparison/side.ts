import type { CheckpointFormat, Finding } from '../checkpoint/types.ts';
import type { SideColumns } from './columns.ts';

/** One checkpoint of a comparison, as far as reports tell of it. */
export interface ComparedSide extends SideTotals {
  /** What it is called: the last part of its path, with as many parts before it as tell it from the other. */
  readonly name: string;
  readonly format: CheckpointFormat;
  /** Files that hold the tensors; paths begin at the checkpoint. */
  readonly files: readonly ComparedFile[];
  /** What was noticed about the files; paths begin at the checkpoint. */
  readonly findings: readonly Finding[];
  /** Only where hashes were compared: that of all its tensors, as in its manifest; null where one of them could not be read. */
  readonly hash?: string | null;
  /** true where the side was a manifest and no checkpoint. */
  readonly isManifest?: true;
}

/** A file of a checkpoint. */
export interface ComparedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Totals over the tensors of one side that take part in the comparison. */
export interface SideTotals {
  readonly tensors: number;
  readonly elements: number;
  readonly bytes: number;
  /** Number of tensors by dtype, as [dtype, tensors], most elements first. */
  readonly dtypes: readonly (readonly [string, number])[];
  /** NaN and infinite elements. */
  readonly nonfinite: number;
}

/** Totals of one side of the columns. */
export function measureSide(side: SideColumns): SideTotals {
  const byDtype = new Map<string, { tensors: number; elements: number }>();
  const totals = { tensors: 0, elements: 0, bytes: 0, nonfinite: 0 };
  for (const [row, dtype] of side.dtype.entries()) {
    if (dtype === '') continue;
    const elements = finiteOrZero(side.numElements[row]);
    totals.tensors += 1;
    totals.elements += elements;
    totals.bytes += finiteOrZero(side.sizeBytes[row]);
    totals.nonfinite += finiteOrZero(side.nan[row]) + finiteOrZero(side.inf[row]);
    const own = byDtype.get(dtype);
    if (own === undefined) byDtype.set(dtype, { tensors: 1, elements });
    else {
      own.tensors += 1;
      own.elements += elements;
    }
  }
  const dtypes = [...byDtype]
    .sort(([a, one], [b, other]) => other.elements - one.elements || (a < b ? -1 : 1))
    .map(([dtype, { tensors }]) => [dtype, tensors] as const);
  return { ...totals, dtypes };
}

function finiteOrZero(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
