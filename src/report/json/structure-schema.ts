import type { StructureChange, StructureComparison, StructureSide, TensorShape } from '../../comparison/structure.ts';
import { STRUCTURE_SCHEMA_ID, STRUCTURE_SCHEMA_VERSION, type TOOL } from '../../tool.ts';
import { PROVENANCE_SCHEMA, TOOL_SCHEMA } from './origin-schema.ts';
import {
  boolean,
  constant,
  described,
  list,
  named,
  number,
  object,
  type ObjectSchema,
  oneOf,
  type Schema,
  string,
} from './schema.ts';
import { FINDINGS_SCHEMA } from './side-schema.ts';
import { CONFIG_CHANGES_SCHEMA, NAME_CHANGES_SCHEMA } from './summary-schema.ts';

/** What is saved of a comparison of structures. */
export interface SavedStructure extends StructureComparison {
  readonly $schema: string;
  readonly schemaVersion: number;
  readonly tool: typeof TOOL;
}

const SHAPE = list(number);

const FORM: Schema = named('tensor_form', object<Omit<TensorShape, 'name'>>({ dtype: string, shape: SHAPE }));

const TENSORS = list(named('described_tensor', object<TensorShape>({ name: string, dtype: string, shape: SHAPE })));

const CHANGES = list(named('structure_change', object<StructureChange>({ name: string, old: FORM, new: FORM })));

const SIDE: Schema = named(
  'structure_side',
  object<StructureSide>({
    name: described('What the checkpoint is called.', string),
    format: string,
    tensors: number,
    parameters: described('Elements of all tensors.', number),
    bytes: described('Bytes of all tensors.', number),
    findings: FINDINGS_SCHEMA,
  }),
);

export const STRUCTURE_SCHEMA: ObjectSchema = object<SavedStructure>({
  $schema: constant(STRUCTURE_SCHEMA_ID),
  schemaVersion: constant(STRUCTURE_SCHEMA_VERSION),
  tool: TOOL_SCHEMA,
  provenance: described('Where the result comes from; null where that was not to be saved.', PROVENANCE_SCHEMA),
  old: SIDE,
  new: SIDE,
  verdict: described('The result in a sentence or two.', string),
  isSame: described('Whether names, shapes, dtypes and configuration are the same. Nothing is said of values.', boolean),
  sameTensors: described('Tensors with the same name, shape and dtype.', number),
  added: TENSORS,
  removed: TENSORS,
  reshaped: described('Tensors of another shape; their dtype may differ too.', CHANGES),
  retyped: described('Tensors of the same shape and another dtype.', CHANGES),
  configChanges: described(
    'Keys of the configuration files that differ; old or new is absent where the key is.',
    CONFIG_CHANGES_SCHEMA,
  ),
  unconfigured: described('Sides whose configuration is not known, while the other side has one.', list(oneOf(['old', 'new']))),
  nameChanges: described('What was done to names before they were matched.', NAME_CHANGES_SCHEMA),
});
