import { argumentError, type ModelDiffError } from '../errors.ts';
import type { NativeCheckpoint, NativeStep } from '../native/binding.ts';
import { isPlainObject, spell } from '../options.ts';
import { LazyTensorView } from './tensor-view.ts';
import type { ViewOperation } from './view-types.ts';

/** Most operations of a view, and most axes of a tensor. */
const [MOST_OPERATIONS, MOST_AXES] = [64, 64];

type Encode = (value: unknown, operation: Readonly<Record<string, unknown>>, checkpoint: NativeCheckpoint) => NativeStep[] | null;

/** What each operation must be, in words and as the steps that it stands for; null for what it must not be. */
const OPERATIONS: Readonly<Record<string, { readonly expected: string; readonly encode: Encode }>> = {
  permute: {
    expected: 'an array of axes, as { permute: [1, 0] }',
    encode: (axes) => (areSizes(axes) ? [{ operation: 'permute', numbers: [...axes] }] : null),
  },
  reshape: {
    expected: 'a shape of at most 64 whole numbers, as { reshape: [2, 3] }',
    encode: (shape) => (areSizes(shape) ? [{ operation: 'reshape', numbers: [...shape] }] : null),
  },
  slice: {
    expected: 'an array of [start, end] or null for each axis, as { slice: [[0, 2], null] }',
    encode: (ranges) => (areRanges(ranges) ? [{ operation: 'slice', numbers: ranges.flatMap((range) => range ?? WHOLE) }] : null),
  },
  concat: {
    expected: 'an array of views and an axis, as { concat: [view], axis: 0 }',
    encode: encodeConcat,
  },
  negate: {
    expected: 'true, as { negate: true }',
    encode: (value) => (value === true ? [{ operation: 'negate', numbers: [] }] : null),
  },
  add: {
    expected: 'a finite number of f32, as { add: 1 }',
    encode: (value) =>
      Number.isFinite(value) && Number.isFinite(Math.fround(value as number))
        ? [{ operation: 'add', numbers: [value as number] }]
        : null,
  },
};

/** An axis that is not cut, as the binding has it. */
const WHOLE = [-1, -1] as const;

/**
 * The operations of a view as the binding takes them. What they say is checked here, and against the tensor by the core.
 *
 * @param name of the tensor, for messages
 * @throws `ModelDiffError` of kind `Argument` for what is no operation.
 */
export function encodeOperations(name: string, operations: unknown, checkpoint: NativeCheckpoint): NativeStep[] {
  if (!Array.isArray(operations))
    throw argumentError(`the operations of a view must be an array, not ${spell(operations)}`, 'as [{ permute: [1, 0] }]');
  if (operations.length > MOST_OPERATIONS)
    throw argumentError(`the view of tensor ${name} has ${operations.length} operations: at most ${MOST_OPERATIONS} are taken`);
  return operations.flatMap((operation: unknown, index) => {
    const wrong = (problem: string): ModelDiffError =>
      argumentError(`operation ${index + 1} of the view of tensor ${name} ${problem}`);
    if (!isPlainObject(operation)) throw wrong(`must be an object, not ${spell(operation)}`);
    const keys = Object.keys(operation).filter((key) => key !== 'axis');
    const [key = ''] = keys;
    const type = keys.length === 1 && Object.hasOwn(OPERATIONS, key) ? OPERATIONS[key] : undefined;
    if (type === undefined || (Object.hasOwn(operation, 'axis') && key !== 'concat'))
      throw wrong(`must be one of ${Object.keys(OPERATIONS).join(', ')}, not ${spell(operation)}`);
    const steps = type.encode(operation[key], operation, checkpoint);
    if (steps === null) throw wrong(`must have ${type.expected}, not ${spell(operation[key])}`);
    return steps;
  });
}

function encodeConcat(
  views: unknown,
  { axis }: Readonly<Record<string, unknown>>,
  checkpoint: NativeCheckpoint,
): NativeStep[] | null {
  if (!Array.isArray(views) || !views.every((view) => view instanceof LazyTensorView) || !isSize(axis)) return null;
  return [...views.flatMap((view) => view.stepsIn(checkpoint)), { operation: 'concat', numbers: [axis, views.length + 1] }];
}

function areRanges(ranges: unknown): ranges is Extract<ViewOperation, { slice: unknown }>['slice'] {
  const isRange = (range: unknown): boolean => range === null || (areSizes(range) && range.length === 2);
  return Array.isArray(ranges) && ranges.length <= MOST_AXES && ranges.every(isRange);
}

function areSizes(values: unknown): values is readonly number[] {
  return Array.isArray(values) && values.length <= MOST_AXES && values.every(isSize);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
