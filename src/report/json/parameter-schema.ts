import type { TensorInfo } from '../../checkpoint/types.ts';
import { CHANGE_TYPES } from '../../comparison/columns.ts';
import { mapPairMetrics, PAIR_METRICS, type PairMetrics, SIDE_METRICS } from '../../comparison/metrics.ts';
import type { ParameterDiff } from '../../comparison/rows.ts';
import {
  boolean,
  described,
  list,
  named,
  nullable,
  number,
  numberOrNull,
  object,
  type ObjectSchema,
  oneOf,
  optional,
  type Schema,
  string,
} from './schema.ts';

/** A listed tensor as the file has it: with its shapes where readers of the Python package's reports look for them. */
export interface SavedParameter extends ParameterDiff {
  readonly oldShape: readonly number[] | null;
  readonly newShape: readonly number[] | null;
}

const SHAPE = list(number);

export const TENSOR_INFO_SCHEMA: ObjectSchema = named(
  'tensor_info',
  object<TensorInfo>({
    name: described('Name of the tensor as it was matched.', string),
    shape: SHAPE,
    dtype: string,
    numElements: number,
    sizeBytes: number,
    mean: described(SIDE_METRICS.mean.description, numberOrNull),
    std: described(SIDE_METRICS.std.description, numberOrNull),
    min: described(SIDE_METRICS.min.description, numberOrNull),
    max: described(SIDE_METRICS.max.description, numberOrNull),
    sparsity: described('Share of the elements that are zero.', numberOrNull),
    nanCount: described(SIDE_METRICS.nan.description, numberOrNull),
    infCount: described(SIDE_METRICS.inf.description, numberOrNull),
    error: nullable(string),
  }),
);

const METRICS = mapPairMetrics((_, { description }) => described(description, numberOrNull));

/** The metrics that the Python package has, or the others. */
function pickMetrics(isOriginal: boolean): PairMetrics<Schema> {
  const entries = Object.entries(METRICS) as [keyof PairMetrics<Schema>, Schema][];
  const picked = entries.filter(([metric]) => (PAIR_METRICS[metric].isOriginal === true) === isOriginal);
  return Object.fromEntries(picked) as unknown as PairMetrics<Schema>;
}

/** What the Python package has of a tensor, in its order. */
const ORIGINAL = {
  name: described('Name of the tensor as it was matched.', string),
  changeType: described('How the tensor relates to the one of the same name on the other side.', oneOf(CHANGE_TYPES)),
  ...pickMetrics(true),
  changeRatio: described('changed_elements divided by total_elements, 0 for an empty tensor.', numberOrNull),
  oldShape: nullable(SHAPE),
  newShape: nullable(SHAPE),
};

/** A tensor with the keys of the Python package alone: what a long list holds. */
export const SHORT_PARAMETER_SCHEMA: ObjectSchema = named(
  'short_parameter',
  described('A tensor of a long list, with the keys of the Python package alone.', { kind: 'object', fields: ORIGINAL } as const),
);

/** A listed tensor; the keys of the Python package come first. */
export const PARAMETER_SCHEMA: ObjectSchema = named(
  'parameter',
  object<SavedParameter>({
    ...ORIGINAL,
    ...pickMetrics(false),
    totalElements: number,
    identical: described('Same shape and every element equal by value (-0 = +0, NaN = NaN).', boolean),
    oldNorm: described(SIDE_METRICS.norm.description, numberOrNull),
    newNorm: described(SIDE_METRICS.norm.description, numberOrNull),
    nanOld: numberOrNull,
    nanNew: numberOrNull,
    infOld: numberOrNull,
    infNew: numberOrNull,
    zerosOld: numberOrNull,
    zerosNew: numberOrNull,
    dtypeChanged: boolean,
    l2DiffMin: optional(
      described(
        'The least that l2_diff can be; only where hashes were compared and no values, as a side was a manifest.',
        numberOrNull,
      ),
    ),
    l2DiffMax: optional(described('The most that it can be.', numberOrNull)),
    layerType: described('Kind of part of the network.', string),
    role: described('Role within the type, as q, down, expert.', nullable(string)),
    depth: described('Index of the block that the tensor sits in.', numberOrNull),
    error: described('Why the tensor could not be read or compared.', nullable(string)),
    oldInfo: nullable(TENSOR_INFO_SCHEMA),
    newInfo: nullable(TENSOR_INFO_SCHEMA),
  }),
);
