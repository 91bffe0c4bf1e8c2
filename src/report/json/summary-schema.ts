import type { LeftOutDifference } from '../../comparison/left-out.ts';
import type { ConfigChange, DiffSummary, MovedBlocks, PartialCoverage, ResizedTensor } from '../../comparison/summary.ts';
import type { NameChange } from '../../names/name-change.ts';
import {
  boolean,
  described,
  type FieldsOf,
  list,
  named,
  nullable,
  number,
  numberOrNull,
  object,
  oneOf,
  optional,
  type Schema,
  string,
  tuple,
  verbatim,
} from './schema.ts';

export const CONFIG_CHANGES_SCHEMA: Schema = list(object<ConfigChange>({ key: string, old: verbatim, new: verbatim }));

const NAME_CHANGE: FieldsOf<Omit<NameChange, 'side'>> = {
  kind: described(
    "prefix, wrapper: taken off by themselves; strip, rename: asked for; gguf: translated to Hugging Face's; split: one tensor that the other side has in parts; synonym: a name that a library gave up for another one; transpose: matrices whose rows are the columns of the other side.",
    oneOf(['prefix', 'wrapper', 'strip', 'rename', 'gguf', 'split', 'synonym', 'transpose']),
  ),
  rule: described('What was taken off, the rule, or the architecture of the GGUF file.', string),
  tensors: described('Names that it changed, or tensors that were taken apart.', number),
};

export const NAME_CHANGES_SCHEMA: Schema = list(object<NameChange>({ side: oneOf(['old', 'new']), ...NAME_CHANGE }));

/** The same of one checkpoint. */
export const OWN_NAME_CHANGES_SCHEMA: Schema = list(object<Omit<NameChange, 'side'>>(NAME_CHANGE));

const LAYER_CHANGES = list(tuple(string, number));

const { tensors: _, ...SUMMARY_FIELDS } = object<DiffSummary>({
  totalParametersOld: described('Elements of all tensors of the old checkpoint.', number),
  totalParametersNew: described('Elements of all tensors of the new checkpoint.', number),
  addedParameters: described('Tensors, not elements.', number),
  removedParameters: described('Tensors, not elements.', number),
  modifiedParameters: described('Tensors with a changed value or shape.', number),
  unchangedParameters: described('Tensors, not elements.', number),
  identicalParameters: described('Tensors equal in every element by value.', number),
  failedParameters: described('Tensors that could not be read or compared.', number),
  totalElements: described('Elements of the tensors that were compared.', number),
  changedElements: described(
    'Elements that changed by more than the threshold, or that are NaN or infinite on one side only; null when not counted.',
    numberOrNull,
  ),
  totalL2Diff: described("Sum of the tensors' l2_diff; null where hashes differ and no values were compared.", numberOrNull),
  avgCosineSimilarity: described(
    'Mean over modified tensors, 1 when none is; null where hashes differ and no values were compared.',
    numberOrNull,
  ),
  mostChangedLayers: described('[layer, R] with R = sqrt(sum d^2 / sum max(old^2, new^2)), largest first.', LAYER_CHANGES),
  leastChangedLayers: described('[layer, R], smallest first.', LAYER_CHANGES),
  oldTensors: number,
  newTensors: number,
  oldElements: number,
  newElements: number,
  addedTensors: number,
  addedElements: number,
  removedTensors: number,
  removedElements: number,
  modifiedTensors: described('Tensors of one shape with a changed value.', number),
  reshapedTensors: number,
  unchangedTensors: number,
  identicalTensors: number,
  failedTensors: number,
  comparedTensors: described('Tensors that both sides have with one shape and that could be read.', number),
  comparedElements: number,
  probedTensors: described('Tensors that were looked at a second time.', number),
  coverage: described('compared_elements as a share of the elements of the larger side.', number),
  relativeChange: described(
    'Of the modified tensors; null when there is none.',
    nullable(object<NonNullable<DiffSummary['relativeChange']>>({ median: number, p99: number, max: number })),
  ),
  oneMinusCosMax: described('Largest 1 - cosine of a modified tensor.', numberOrNull),
  dtypeChangedTensors: number,
  configChanges: described(
    "Keys of the configuration files that differ; old or new is absent where the key is. Keys of others than config.json begin with the file's name and a colon.",
    CONFIG_CHANGES_SCHEMA,
  ),
  unconfigured: described(
    'Sides whose configuration is not available, as they are single files, while the other side has one.',
    list(oneOf(['old', 'new'])),
  ),
  leftOut: described(
    'What holds tensors, or could, and was not compared.',
    list(
      object<LeftOutDifference>({
        name: string,
        kind: oneOf(['file', 'mapping', 'record']),
        role: described('weights: could be weights of the model; state: never is.', oneOf(['weights', 'state'])),
        oldBytes: numberOrNull,
        newBytes: numberOrNull,
        same: described('Whether both sides hold the same bytes; null where they were not read.', nullable(boolean)),
      }),
    ),
  ),
  nameChanges: optional(
    described(
      'What was done to names before they were matched; absent where they were taken as they are. Rows have the changed names.',
      NAME_CHANGES_SCHEMA,
    ),
  ),
  resized: optional(
    described(
      'Embeddings and heads of which only the number of rows differs; absent when there is none.',
      list(
        object<ResizedTensor>({
          name: string,
          oldRows: number,
          newRows: number,
          commonRows: described('Leading rows that both sides have; the next five are about them.', number),
          l2Diff: numberOrNull,
          relativeChange: numberOrNull,
          cosineSim: numberOrNull,
          changeRatio: numberOrNull,
          identical: boolean,
          commonRms: described('Root mean square of the common rows, on the side that has more rows.', numberOrNull),
          restRms: described('The same of the rows that only that side has.', numberOrNull),
          restMean: numberOrNull,
          restStd: numberOrNull,
        }),
      ),
    ),
  ),
  mergedAdapters: optional(
    described('Sides into which an adapter was merged to be compared; absent when there is none.', list(oneOf(['old', 'new']))),
  ),
  movedBlocks: optional(
    described(
      'Stacks in which blocks of the old checkpoint stand at another depth, equal in every value; absent when there is none.',
      list(
        object<MovedBlocks>({
          stack: described('Path of the stack, as `model.layers`.', string),
          blocks: described('[block, old block that it is], rising.', list(tuple(number, number))),
          changed: described('Blocks of the new checkpoint that are none of the old one.', list(number)),
          unused: described('Blocks of the old checkpoint that are in none of the new one.', list(number)),
        }),
      ),
    ),
  ),
  partial: optional(
    described(
      'What was not compared of a comparison in parts that was combined before it was complete; absent where nothing is missing.',
      object<PartialCoverage>({
        parts: described('All parts of the plan.', number),
        missingParts: described('Numbers of the parts that are missing, rising, from 1.', list(number)),
        bytes: described('Stored bytes of both sides in all parts.', number),
        missingBytes: described('The same of the parts that are missing.', number),
      }),
    ),
  ),
  // Beside the totals, as `columns`.
  tensors: optional(verbatim),
}).fields;

/** The totals; the columns stand beside them. */
export const SUMMARY_SCHEMA: Schema = named('summary', { kind: 'object', fields: SUMMARY_FIELDS });
