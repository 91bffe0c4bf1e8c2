import { CHANGE_TYPES, type ChangeType, type SideColumns, type TensorColumns } from '../types.ts';
import { expectShare } from './expected-share.ts';
import { classifyColumns, shapeAt } from './layer-types/classify-columns.ts';
import type { TensorClass } from './layer-types/tensor-class.ts';
import type { UserTypes } from './layer-types/user-patterns.ts';
import type { ExpectedChange } from './rounding.ts';
import type { RowSide, TensorRow } from './tensor-row.ts';

/** Rows of every compared tensor, listed or not. */
export function readColumns(columns: TensorColumns, userTypes: UserTypes | null): TensorRow[] {
  return classifyColumns(columns, userTypes).map((tensorClass, row) => new ColumnsRow(columns, row, tensorClass));
}

/** A row of the columns. Reads each number when it is asked for: copies of them all would take more memory than the columns. */
class ColumnsRow implements TensorRow {
  readonly class: TensorClass;
  readonly #columns: TensorColumns;
  readonly #row: number;
  #modelled: ExpectedChange | null | undefined;

  constructor(columns: TensorColumns, row: number, tensorClass: TensorClass) {
    this.class = tensorClass;
    this.#columns = columns;
    this.#row = row;
  }

  get name(): string {
    return this.#columns.names[this.#row] ?? '';
  }

  get changeType(): ChangeType {
    return CHANGE_TYPES[this.#columns.changeType[this.#row] ?? 0] ?? 'unchanged';
  }

  get error(): string | null {
    return this.#columns.errors.get(this.#row) ?? null;
  }

  get isCompared(): boolean {
    return (this.changeType === 'unchanged' || this.changeType === 'modified') && this.error === null;
  }

  get isIdentical(): boolean {
    return this.#columns.identical[this.#row] === 1;
  }

  get elements(): number {
    return this.#at(this.#columns.totalElements);
  }

  get change(): number {
    if (this.isIdentical || this.elements === 0) return 0;
    return this.#hasFinite() ? this.#at(this.#columns.symmetricChange) : Number.NaN;
  }

  get relativeChange(): number {
    return this.isIdentical ? 0 : this.#at(this.#columns.relativeChange);
  }

  get energy(): number {
    if (this.isIdentical) return 0;
    const l2Diff = this.#hasFinite() ? this.#at(this.#columns.l2Diff) : Number.NaN;
    return l2Diff * l2Diff;
  }

  get weight(): number {
    return Math.max(this.oldNorm, this.newNorm) ** 2;
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

  /** Whether each side has an element that is a number: without one nothing is known of the change. */
  #hasFinite(): boolean {
    const { elements } = this;
    const lost = ({ nan, inf }: SideColumns): number => (nan[this.#row] ?? 0) + (inf[this.#row] ?? 0);
    return elements === 0 || !(lost(this.#columns.old) >= elements || lost(this.#columns.new) >= elements);
  }

  /** A number that is not known, or not finite, is NaN. */
  #at(column: Float64Array | undefined): number {
    const value = column?.[this.#row] ?? Number.NaN;
    return Number.isFinite(value) ? value : Number.NaN;
  }
}
