import type { CheckpointFormat } from '../../checkpoint/types.ts';
import type { SeriesProvenance } from '../../comparison/provenance.ts';
import { mapTensorColumns } from '../../series/tensor-columns.ts';
import type { SeriesCheckpoint, SeriesEvent, SeriesStep } from '../../series/types.ts';
import { SERIES_SCHEMA_ID, SERIES_SCHEMA_VERSION, type TOOL } from '../../tool.ts';
import { SERIES_PROVENANCE_SCHEMA, TOOL_SCHEMA } from './origin-schema.ts';
import {
  boolean,
  constant,
  described,
  list,
  named,
  nullable,
  number,
  numberOrNull,
  object,
  type ObjectSchema,
  oneOf,
  type Schema,
  string,
} from './schema.ts';
import { SEVERITY } from './side-schema.ts';
import { OWN_NAME_CHANGES_SCHEMA } from './summary-schema.ts';

/** One step as JSON has it. */
export const STEP_SCHEMA: ObjectSchema = named(
  'step',
  object<SeriesStep>({
    step: described('1 for the way from the first checkpoint to the second.', number),
    stepSize: described('|d|, d = new - old, over all measured tensors taken as one vector.', numberOrNull),
    relativeStep: described('|d| / |old|.', numberOrNull),
    distance: described('Distance from the first checkpoint.', numberOrNull),
    relativeDistance: described('distance divided by the norm of the first checkpoint.', numberOrNull),
    pathLength: described('Sum of the step sizes so far.', numberOrNull),
    straightness: described('distance divided by path_length, 0 to 1.', numberOrNull),
    stepCosine: described('Cosine between this step and the one before.', numberOrNull),
    wayCosine: described('Cosine between this step and the whole way before it.', numberOrNull),
    roundingCosine: described('What rounding can add to step_cosine at most, 0 to -0.5.', numberOrNull),
    norm: described('Norm of the checkpoint that the step leads to.', numberOrNull),
    normGrowth: described('norm divided by the norm of the first checkpoint.', numberOrNull),
    changedElements: described('Changed elements of all tensors; null when not counted.', numberOrNull),
    totalElements: described('Elements of the tensors that were compared.', number),
    nan: described('NaN in the checkpoint that the step leads to.', number),
    inf: number,
    nonfiniteTensors: described('Tensors that hold NaN or Inf.', number),
    comparedTensors: number,
    changedTensors: described('Compared tensors that are not identical.', number),
    addedTensors: number,
    removedTensors: number,
    reshapedTensors: number,
    failedTensors: number,
  }),
);

/** One event as JSON has it. */
export const EVENT_SCHEMA: ObjectSchema = named(
  'event',
  object<SeriesEvent>({
    kind: oneOf(['failed', 'non_finite', 'norm_jumped', 'jumped', 'codes', 'froze']),
    step: described('Step that it happened in; 0 for what the first checkpoint has already.', number),
    tensor: described('null for the measured tensors as a whole.', nullable(string)),
    severity: SEVERITY,
    value: described(
      'Elements that are NaN or Inf, the relative step, the growth of the norm, or the steps without change.',
      numberOrNull,
    ),
    reference: described('Median of the steps or norms before a jump.', numberOrNull),
    z: described('Robust z-score of a jump; null with fewer than five steps before it.', numberOrNull),
    message: nullable(string),
  }),
);

type SavedCheckpoint = Pick<SeriesCheckpoint, 'name' | 'tensors' | 'parameters' | 'sizeBytes' | 'nameChanges'> & {
  readonly format: CheckpointFormat;
};

/** One checkpoint as JSON has it. */
const CHECKPOINT_SCHEMA = named(
  'checkpoint',
  object<SavedCheckpoint>({
    name: string,
    format: string,
    tensors: number,
    parameters: described('Elements of all tensors.', number),
    sizeBytes: number,
    nameChanges: described(
      'What was done to its names and tensors to bring it to the form of the others.',
      OWN_NAME_CHANGES_SCHEMA,
    ),
  }),
);

/** The columns of one tensor over the steps. */
type TensorSteps = ReturnType<typeof mapTensorColumns<Iterable<number>>>;

/** A tensor over all steps, as JSON has it. */
export interface SavedSeriesTensor extends TensorSteps {
  readonly name: string;
  readonly isMeasured: boolean;
  readonly startNonfinite: number;
  readonly identical: readonly boolean[];
}

export const SERIES_TENSOR_SCHEMA: ObjectSchema = named(
  'tensor_steps',
  described(
    'One tensor; its lists have a value a step, with the meanings that a step gives them.',
    object<SavedSeriesTensor>({
      name: string,
      isMeasured: described('Whether the totals of the steps are measured on it.', boolean),
      startNonfinite: described('NaN and Inf in the first checkpoint.', numberOrNull),
      ...mapTensorColumns(() => list(numberOrNull)),
      identical: described('Whether the step changed no element.', list(boolean)),
    }),
  ),
);

/** What is said of a series beside its steps, events and tensors. */
export interface SeriesHead {
  readonly provenance: SeriesProvenance | null;
  readonly verdict: string;
  readonly checkpoints: readonly SeriesCheckpoint[];
}

export const SERIES_HEAD_FIELDS: Readonly<Record<keyof SeriesHead, Schema>> = object<SeriesHead>({
  provenance: described('Where the series comes from; null where that was not to be saved.', SERIES_PROVENANCE_SCHEMA),
  verdict: described('The conclusion in one line.', string),
  checkpoints: described('The checkpoints, in their order.', list(CHECKPOINT_SCHEMA)),
}).fields;

/** A series as the file has it. */
export interface SavedSeries extends SeriesHead {
  readonly $schema: string;
  readonly kind: string;
  readonly schemaVersion: number;
  readonly tool: typeof TOOL;
  readonly steps: readonly SeriesStep[];
  readonly events: readonly SeriesEvent[];
  readonly tensors: readonly SavedSeriesTensor[];
}

/** The whole file. */
export const SERIES_SCHEMA: ObjectSchema = object<SavedSeries>({
  $schema: constant(SERIES_SCHEMA_ID),
  kind: constant('series'),
  schemaVersion: constant(SERIES_SCHEMA_VERSION),
  tool: TOOL_SCHEMA,
  ...SERIES_HEAD_FIELDS,
  steps: described('One entry less than there are checkpoints.', list(STEP_SCHEMA)),
  events: described('What happened, by step.', list(EVENT_SCHEMA)),
  tensors: list(SERIES_TENSOR_SCHEMA),
});
