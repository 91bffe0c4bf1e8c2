import { argumentError } from '../errors.ts';
import { flag, isPlainObject, numberFrom, oneOf, type OptionsOf, spell, texts, wholeNumber } from '../options.ts';
import type { TensorColumns } from './columns.ts';
import type { ComparisonData, ComparisonOptions } from './data.ts';
import { PAIR_METRIC_NAMES, SIDE_METRIC_NAMES } from './metrics.ts';

export const COMPARISON_OPTIONS: OptionsOf<ComparisonOptions> = {
  changeThreshold: numberFrom(0),
  precision: oneOf('fast', 'double'),
  computeElementWise: flag,
  normalizeBySize: flag,
  topKLayers: wholeNumber(0),
  includeUnchanged: flag,
  include: texts,
  exclude: texts,
};

/**
 * Whether a value is a comparison or the plain data of one. One that went through `JSON.stringify` is not: it has lost its columns.
 *
 * @throws `ModelDiffError` of kind `Argument` that says what is missing.
 */
export function checkComparison(value: unknown, where: string): asserts value is ComparisonData {
  if (!isPlainObject(value) || !isPlainObject(value['columns']))
    throw argumentError(
      `${where} takes a Comparison, not ${spell(value)}`,
      'compare and parseReport give one, and Comparison.fromRows makes one of rows',
    );
  const fault =
    findMissing(value, ['summary', 'old', 'new', 'options'], isPlainObject, 'an object') ?? findFaultyColumn(value['columns']);
  if (fault !== undefined)
    throw argumentError(`${where} takes a Comparison, and this is none: ${fault}`, 'structuredClone copies a comparison whole');
}

/** The totals of a comparison, given as the summary of one. */
export function checkColumns(columns: unknown, where: string): asserts columns is TensorColumns {
  const fault = isPlainObject(columns) ? findFaultyColumn(columns) : `columns must be an object, not ${spell(columns)}`;
  if (fault !== undefined) throw argumentError(`${where} takes the columns of a comparison, and these are none: ${fault}`);
}

type Fields = Readonly<Record<string, unknown>>;

function findFaultyColumn(columns: Fields): string | undefined {
  const { names, errors } = columns;
  if (!Array.isArray(names)) return `columns.names must be an array, not ${spell(names)}`;
  if (Object.prototype.toString.call(errors) !== '[object Map]') return `columns.errors must be a Map, not ${spell(errors)}`;
  const isColumn = (column: unknown): boolean =>
    (Array.isArray(column) || ArrayBuffer.isView(column)) && (column as unknown as ArrayLike<unknown>).length === names.length;
  const expected = `an array of length ${names.length}`;
  const fault = findMissing(columns, PAIR_COLUMNS, isColumn, expected, 'columns.');
  if (fault !== undefined) return fault;
  for (const side of ['old', 'new']) {
    const own = columns[side];
    if (!isPlainObject(own)) return `columns.${side} must be an object, not ${spell(own)}`;
    const missing = findMissing(own, SIDE_COLUMNS, isColumn, expected, `columns.${side}.`);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

const PAIR_COLUMNS = ['changeType', 'totalElements', 'identical', 'dtypeChanged', ...PAIR_METRIC_NAMES];
const SIDE_COLUMNS = ['dtype', 'shape', 'numElements', 'sizeBytes', ...SIDE_METRIC_NAMES];

function findMissing(
  value: Fields,
  keys: readonly string[],
  accepts: (field: unknown) => boolean,
  expected: string,
  path = '',
): string | undefined {
  const key = keys.find((name) => !accepts(value[name]));
  return key === undefined ? undefined : `${path}${key} must be ${expected}, not ${spell(value[key])}`;
}
