import type { SeriesEvent, SeriesStep } from '../../series/types.ts';
import { nullable, number, object, oneOf, type Schema, string } from './schema.ts';

const numberOrNull = nullable(number);

/** One step as JSON has it. */
export const STEP_SCHEMA: Schema = object<SeriesStep>({
  step: number,
  stepSize: numberOrNull,
  relativeStep: numberOrNull,
  distance: numberOrNull,
  relativeDistance: numberOrNull,
  pathLength: numberOrNull,
  straightness: numberOrNull,
  stepCosine: numberOrNull,
  wayCosine: numberOrNull,
  roundingCosine: numberOrNull,
  norm: numberOrNull,
  normGrowth: numberOrNull,
  changedElements: numberOrNull,
  totalElements: number,
  nan: number,
  inf: number,
  nonfiniteTensors: number,
  comparedTensors: number,
  changedTensors: number,
  addedTensors: number,
  removedTensors: number,
  reshapedTensors: number,
  failedTensors: number,
});

/** One event as JSON has it. */
export const EVENT_SCHEMA: Schema = object<SeriesEvent>({
  kind: oneOf(['failed', 'non_finite', 'norm_jumped', 'jumped', 'froze']),
  step: number,
  tensor: nullable(string),
  severity: oneOf(['info', 'warning', 'critical']),
  value: numberOrNull,
  reference: numberOrNull,
  z: numberOrNull,
  message: nullable(string),
});
