import { argumentError } from '../errors.ts';
import { compileGlobs } from '../names/glob.ts';
import { checkOptions, flag, isPlainObject, type OptionsOf, spell, texts } from '../options.ts';
import { checkColumns, checkComparison, COMPARISON_OPTIONS } from './check.ts';
import { selectColumns, type TensorColumns } from './columns.ts';
import type { ComparisonData, ComparisonOptions } from './data.ts';
import { checkRows, columnsFromRows, type PartialRow } from './from-rows.ts';
import { isOpenQuestion } from './left-out.ts';
import type { Provenance } from './provenance.ts';
import { listRows, type ParameterDiff, selectListed } from './rows.ts';
import { type ComparedSide, measureSide } from './side.ts';
import { type DiffSummary, summarize } from './summary.ts';
import { isUnsafe } from './unsafe.ts';

/** Options of `Comparison.rows`. */
export interface RowOptions {
  /** true: unchanged tensors too. @default false */
  readonly unchanged?: boolean;
}

const ROW_OPTIONS: OptionsOf<RowOptions> = { unchanged: flag };

/**
 * What comparing two checkpoints gave. The numbers are stored once, as columns; rows are made when somebody asks for them. Also a
 * `{ diffs, summary }` as the functions of the Python package pass it around.
 *
 * @example
 * const comparison = await compare('base/', 'tuned/');
 * for (const row of comparison.rows()) console.log(row.name, row.relativeChange);
 */
export class Comparison implements ComparisonData {
  readonly columns: TensorColumns;
  readonly summary: DiffSummary;
  readonly old: ComparedSide;
  readonly new: ComparedSide;
  readonly options: ComparisonOptions;
  readonly provenance: Provenance | null;
  #diffs: readonly ParameterDiff[] | undefined;
  #rowOf: ReadonlyMap<string, number> | undefined;

  private constructor(data: ComparisonData) {
    checkComparison(data, 'Comparison');
    this.columns = data.columns;
    this.summary = data.summary.tensors === data.columns ? data.summary : { ...data.summary, tensors: data.columns };
    this.old = data.old;
    this.new = data.new;
    this.options = data.options;
    this.provenance = data.provenance;
  }

  /**
   * A comparison again, of its plain data: of what `structuredClone` or a worker made of one.
   *
   * @throws `ModelDiffError` of kind `Argument` for other values.
   */
  static from(data: ComparisonData): Comparison {
    return data instanceof Comparison ? data : new Comparison(data);
  }

  /**
   * A comparison of rows that were made by hand, or picked. Fields that follow from others may be missing; the order does not matter.
   *
   * @param summary totals to be believed where they say more than the rows. @default taken from the rows
   * @throws `ModelDiffError` of kind `Argument` for what is no list of rows, no summary or no option.
   */
  static fromRows(
    rows: readonly PartialRow[],
    summary?: Partial<DiffSummary>,
    options: Partial<ComparisonOptions> = {},
  ): Comparison {
    checkRows(rows, 'Comparison.fromRows');
    return Comparison.fromColumns(columnsFromRows(rows), summary, options);
  }

  /** @internal A comparison of which nothing but columns and perhaps totals is known. */
  static fromColumns(
    columns: TensorColumns,
    summary?: Partial<DiffSummary>,
    options: Partial<ComparisonOptions> = {},
  ): Comparison {
    checkOptions(options, COMPARISON_OPTIONS, 'Comparison.fromRows');
    if (summary !== undefined && !isPlainObject(summary))
      throw argumentError(`summary must be the summary of a comparison, not ${spell(summary)}`);
    checkColumns(columns, 'summary.tensors');
    const decided = { ...DEFAULT_OPTIONS, ...options };
    const [old, fresh] = [describeUnknown('Model A', columns, 'old'), describeUnknown('Model B', columns, 'new')];
    const measured = summarize(columns, { ...decided, old, new: fresh });
    return new Comparison({
      columns,
      summary: summary === undefined ? measured : believe(measured, summary),
      old,
      new: fresh,
      options: decided,
      provenance: null,
    });
  }

  /** The listed rows: those that are not unchanged, or all with `includeUnchanged`. Made when the field is first read. */
  get diffs(): readonly ParameterDiff[] {
    return (this.#diffs ??= this.rows({ unchanged: this.options.includeUnchanged }));
  }

  /** Rows as plain objects, about 1 KB each, in the order of their names. */
  rows(options: RowOptions = {}): readonly ParameterDiff[] {
    checkOptions(options, ROW_OPTIONS, 'rows');
    return listRows(this.columns, selectListed(this.columns, options.unchanged ?? false));
  }

  /** One row by name, unchanged or not. */
  row(name: string): ParameterDiff | undefined {
    if (typeof name !== 'string') throw argumentError(`row takes the name of a tensor, a string, not ${spell(name)}`);
    this.#rowOf ??= new Map(this.columns.names.map((own, row) => [own, row]));
    const row = this.#rowOf.get(name);
    return row === undefined ? undefined : listRows(this.columns, [row])[0];
  }

  /**
   * A comparison of the tensors alone whose names match: it says only what they say, and nothing of configurations and files.
   *
   * @param patterns glob patterns, as for `include`
   * @throws `ModelDiffError` of kind `Argument` for a pattern that is none.
   */
  filter(patterns: string | readonly string[]): Comparison {
    const list = typeof patterns === 'string' ? [patterns] : patterns;
    if (!texts.accepts(list)) throw argumentError(`filter takes a string or ${texts.expected}, not ${spell(patterns)}`);
    const matches = compileGlobs(list, 'filter');
    const rows = [...this.columns.names.keys()].filter((row) => matches(this.columns.names[row] ?? ''));
    const columns = selectColumns(this.columns, rows);
    const side = (name: 'old' | 'new'): ComparedSide => ({
      ...this[name],
      files: [],
      findings: [],
      ...measureSide(columns[name]),
    });
    const kept = new Set(columns.names);
    const [old, fresh] = [side('old'), side('new')];
    return new Comparison({
      columns,
      summary: summarize(columns, {
        ...this.options,
        old,
        new: fresh,
        resized: this.summary.resized?.filter(({ name }) => kept.has(name)) ?? [],
      }),
      old,
      new: fresh,
      options: { ...this.options, include: list },
      provenance: this.provenance,
    });
  }

  /** Share of the elements of the larger side that were compared, 0 to 1. */
  get coverage(): number {
    return this.summary.coverage;
  }

  /**
   * Whether every tensor is on both sides with equal values, shape and dtype, and nothing that could be weights was left out and differs.
   * Names may have lost a prefix, and tensors that the other side has in parts been taken apart.
   */
  get isIdentical(): boolean {
    const { names, identical, dtypeChanged } = this.columns;
    if (names.some((_, row) => identical[row] !== 1 || dtypeChanged[row] === 1)) return false;
    return !this.summary.leftOut.some(isOpenQuestion);
  }

  /** Whether a file of either side has dangerous or unknown globals, or is an odd archive. */
  get isUnsafe(): boolean {
    return [...this.old.findings, ...this.new.findings].some(isUnsafe);
  }
}

const DEFAULT_OPTIONS: ComparisonOptions = {
  changeThreshold: 1e-6,
  precision: 'fast',
  computeElementWise: true,
  normalizeBySize: true,
  topKLayers: 10,
  includeUnchanged: false,
  include: [],
  exclude: [],
};

/** Totals of rows that may be a part of the whole, and what somebody knows of the whole. What is no number tells nothing. */
function believe(measured: DiffSummary, known: Partial<DiffSummary>): DiffSummary {
  const told: Partial<DiffSummary> = Object.fromEntries(
    Object.entries(known).filter(([, value]) => value !== undefined && (typeof value !== 'number' || Number.isFinite(value))),
  );
  if (known.tensors !== undefined) return { ...measured, ...told };
  const most = (count: number, other: number = 0): number => Math.max(count, other);
  return {
    ...measured,
    addedTensors: most(measured.addedTensors, told.addedParameters),
    removedTensors: most(measured.removedTensors, told.removedParameters),
    modifiedTensors: most(measured.modifiedTensors, (told.modifiedParameters ?? 0) - measured.reshapedTensors),
    unchangedTensors: most(measured.unchangedTensors, told.unchangedParameters),
    identicalTensors: most(measured.identicalTensors, told.identicalParameters),
    failedTensors: most(measured.failedTensors, told.failedParameters),
    ...told,
  };
}

function describeUnknown(name: string, columns: TensorColumns, side: 'old' | 'new'): ComparedSide {
  return { name, format: 'unknown', files: [], findings: [], ...measureSide(columns[side]) };
}
