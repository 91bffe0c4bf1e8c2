import {
  ROUNDING_SHAPES,
  type RoundingShape,
  type ChangeType,
  changeTypeAt,
  hasFinitePair,
  isCompared,
  shapeAt,
  type TensorColumns,
} from '../comparison/columns.ts';
import { expectShare } from './rounding/expected-share.ts';
import type { ProbeMetric } from '../comparison/metrics.ts';
import { countNewNonfinite, type Nonfinite } from '../comparison/nonfinite.ts';
import { classifyColumns } from '../comparison/classify.ts';
import { chooseUnit } from '../comparison/unit.ts';
import type { TensorClass } from '../layer-types/tensor-class.ts';
import type { UserTypes } from '../layer-types/user-patterns.ts';
import type { ExpectedChange } from './rounding/model.ts';
import type { RowSide, TensorRow } from './tensor-row.ts';

/** Rows of every compared tensor, listed or not. */
export function readRows(columns: TensorColumns, userTypes: UserTypes | null): TensorRow[] {
  const hasNorms = columns.names.some((_, row) => isCompared(columns, row) && isMeasured(columns, row));
  const unit = hasNorms ? chooseUnit(columns.old.norm, columns.new.norm) : null;
  return classifyColumns(columns, userTypes).map((tensorClass, row) => new ColumnsRow(columns, row, tensorClass, unit));
}

/**
 * Whether the sizes of a row are known, or would be if f64 could hold them. In rows made by hand they may be missing everywhere: then tensors
 * weigh by their elements.
 */
function isMeasured({ l2Diff, old, new: fresh }: TensorColumns, row: number): boolean {
  const sizes = (l2Diff[row] ?? Number.NaN) + (old.norm[row] ?? Number.NaN) + (fresh.norm[row] ?? Number.NaN);
  return Number.isFinite(sizes) || (Number.isFinite(old.max[row]) && Number.isNaN(old.norm[row]));
}

/** A row of the columns. Reads each number when it is asked for: copies of them all would take more memory than the columns. */
class ColumnsRow implements TensorRow {
  readonly class: TensorClass;
  readonly #columns: TensorColumns;
  readonly #row: number;
  /** What norms are divided by before they are squared; null where they are not known. */
  readonly #unit: number | null;
  #modelled: ExpectedChange | null | undefined;

  constructor(columns: TensorColumns, row: number, tensorClass: TensorClass, unit: number | null) {
    this.#unit = unit;
    this.class = tensorClass;
    this.#columns = columns;
    this.#row = row;
  }

  get name(): string {
    return this.#columns.names[this.#row] ?? '';
  }

  get changeType(): ChangeType {
    return changeTypeAt(this.#columns, this.#row);
  }

  get error(): string | null {
    return this.#columns.errors.get(this.#row) ?? null;
  }

  get isCompared(): boolean {
    return isCompared(this.#columns, this.#row);
  }

  get isIdentical(): boolean {
    return this.#columns.identical[this.#row] === 1;
  }

  get elements(): number {
    return this.#at(this.#columns.totalElements);
  }

  get change(): number {
    if (this.isIdentical || this.elements === 0) return 0;
    return hasFinitePair(this.#columns, this.#row) ? this.#at(this.#columns.symmetricChange) : Number.NaN;
  }

  get relativeChange(): number {
    return this.isIdentical ? 0 : this.#at(this.#columns.relativeChange);
  }

  get energy(): number {
    if (this.isIdentical) return 0;
    return this.#unit === null ? this.change ** 2 * this.#count : (this.length / this.#unit) ** 2;
  }

  get weight(): number {
    return this.#unit === null ? this.#count : (this.size / this.#unit) ** 2;
  }

  get length(): number {
    if (this.isIdentical) return 0;
    if (this.#unit === null) return this.change * this.size;
    return hasFinitePair(this.#columns, this.#row) ? this.#at(this.#columns.l2Diff) : Number.NaN;
  }

  get size(): number {
    return this.#unit === null ? Math.sqrt(this.#count) : Math.max(this.oldNorm, this.newNorm);
  }

  get oneMinusCos(): number {
    return this.isIdentical ? 0 : this.#at(this.#columns.oneMinusCos);
  }

  get maxDiff(): number {
    return this.isIdentical ? 0 : this.#at(this.#columns.maxDiff);
  }

  get changedShare(): number {
    return this.isIdentical ? 0 : this.#at(this.#columns.bitChanged) / this.elements;
  }

  get expectedChanged(): number {
    const modelled = this.#model();
    return modelled === null ? this.#at(this.#columns.rounding?.expectedChanged) : modelled.expectedChanged;
  }

  get updateSize(): number {
    const modelled = this.#model();
    return modelled === null ? this.#at(this.#columns.rounding?.updateSize) : modelled.updateSize;
  }

  get isApproximate(): boolean {
    return this.#model() !== null;
  }

  get oldNorm(): number {
    return this.#at(this.#columns.old.norm);
  }

  get newNorm(): number {
    return this.#at(this.#columns.new.norm);
  }

  get oldDtype(): string {
    return this.#columns.old.dtype[this.#row] ?? '';
  }

  get newDtype(): string {
    return this.#columns.new.dtype[this.#row] ?? '';
  }

  get oldShape(): readonly number[] | null {
    return shapeAt(this.#columns.old, this.#row);
  }

  get newShape(): readonly number[] | null {
    return shapeAt(this.#columns.new, this.#row);
  }

  get newNonfinite(): Nonfinite {
    return countNewNonfinite(this.#columns, this.#row);
  }

  readSide(side: 'old' | 'new'): RowSide {
    const { mean, std, min, max, nan, inf, zeros } = this.#columns[side];
    return {
      mean: this.#at(mean),
      std: this.#at(std),
      min: this.#at(min),
      max: this.#at(max),
      nan: this.#at(nan),
      inf: this.#at(inf),
      zeros: this.#at(zeros),
    };
  }

  probe(metric: ProbeMetric): number {
    return this.#at(this.#columns.probes?.[metric]);
  }

  get roundingShape(): RoundingShape {
    return ROUNDING_SHAPES[this.#columns.rounding?.shape[this.#row] ?? 0] ?? 'unknown';
  }

  /** What a tensor without norms weighs. */
  get #count(): number {
    return this.elements > 0 ? this.elements : 1;
  }

  /** What rounding lets change by the model for Gaussian weights; null where the exponents have answered, or nothing can. */
  #model(): ExpectedChange | null {
    if (this.#modelled !== undefined) return this.#modelled;
    const isOpen = this.isCompared && Number.isNaN(this.#at(this.#columns.rounding?.expectedChanged));
    const { oldDtype, newDtype, oldNorm, elements } = this;
    const { mean, std } = this.#columns.old;
    const l2Diff = this.#at(this.#columns.l2Diff);
    return (this.#modelled = isOpen
      ? expectShare({ oldDtype, newDtype, oldNorm, mean: this.#at(mean), std: this.#at(std), l2Diff, elements })
      : null);
  }

  /** A number that is not known, or not finite, is NaN. */
  #at(column: Float64Array | undefined): number {
    const value = column?.[this.#row] ?? Number.NaN;
    return Number.isFinite(value) ? value : Number.NaN;
  }
}
