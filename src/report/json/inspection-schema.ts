import type { LeftOut, MappingCandidate, TensorInfo } from '../../checkpoint/types.ts';
import type { ComparedFile } from '../../comparison/side.ts';
import { INSPECTION_SCHEMA_ID, INSPECTION_SCHEMA_VERSION, type TOOL } from '../../tool.ts';
import type { Inspection } from '../inspection.ts';
import { INSPECTION_PROVENANCE_SCHEMA, TOOL_SCHEMA } from './origin-schema.ts';
import { TENSOR_INFO_SCHEMA } from './parameter-schema.ts';
import {
  boolean,
  constant,
  described,
  either,
  list,
  named,
  number,
  object,
  type ObjectSchema,
  oneOf,
  record,
  type Schema,
  string,
  verbatim,
} from './schema.ts';
import { FINDINGS_SCHEMA } from './side-schema.ts';

/** What is said of a checkpoint beside its tensors. */
export interface InspectionHead extends Omit<Inspection, 'tensors'> {
  /** Tensors. */
  readonly numLayers: number;
}

type FieldsOf<T> = Readonly<Record<keyof T, Schema>>;

export const INSPECTION_HEAD_FIELDS: FieldsOf<InspectionHead> = object<InspectionHead>({
  provenance: described('Where the description comes from; null where that was not to be saved.', INSPECTION_PROVENANCE_SCHEMA),
  path: string,
  format: string,
  numParameters: described('Elements of all tensors.', number),
  sizeBytes: number,
  numLayers: described('Tensors.', number),
  metadata: described('Texts of the file about itself.', record(string)),
  config: described('Content of config.json beside the weights; null without one.', verbatim),
  configs: described('Further configuration files, by name.', record(verbatim)),
  files: described('Files that hold the tensors.', list(object<ComparedFile>({ path: string, bytes: number }))),
  candidates: described(
    'The mappings of a PyTorch file that hold tensors; empty where there is no choice.',
    list(
      named(
        'candidate',
        object<MappingCandidate>({
          key: described('Its path, as --key takes it.', string),
          tensors: number,
          bytes: number,
          chosen: boolean,
        }),
      ),
    ),
  ),
  leftOut: described(
    'What holds tensors, or could, and was not read.',
    list(
      named(
        'left_out',
        object<LeftOut>({
          kind: oneOf(['file', 'mapping', 'record']),
          role: described('weights: could be weights of the model; state: never is.', oneOf(['weights', 'state'])),
          name: string,
          bytes: number,
          path: string,
        }),
      ),
    ),
  ),
  findings: FINDINGS_SCHEMA,
}).fields;

/** What every file begins with. */
interface Preamble {
  readonly $schema: string;
  readonly schemaVersion: number;
  readonly tool: typeof TOOL;
}

const PREAMBLE: FieldsOf<Preamble> = {
  $schema: constant(INSPECTION_SCHEMA_ID),
  schemaVersion: constant(INSPECTION_SCHEMA_VERSION),
  tool: TOOL_SCHEMA,
};

/** A description as the file has it. */
export interface SavedInspection extends Preamble, InspectionHead {
  readonly layers: Readonly<Record<string, TensorInfo>>;
}

/** The whole file. */
export const INSPECTION_SCHEMA: ObjectSchema = object<SavedInspection>({
  ...PREAMBLE,
  ...INSPECTION_HEAD_FIELDS,
  layers: described('The tensors by name; statistics are null where --stats was not given.', record(TENSOR_INFO_SCHEMA)),
});

/** What `--security` leaves of it. */
export type SavedFindings = Preamble & Pick<InspectionHead, 'provenance' | 'path' | 'findings'>;

/** The whole file with `--security`. */
export const FINDINGS_FILE_SCHEMA: ObjectSchema = object<SavedFindings>({
  ...PREAMBLE,
  provenance: INSPECTION_HEAD_FIELDS.provenance,
  path: string,
  findings: FINDINGS_SCHEMA,
});

/** Both. */
export const INSPECTION_FILE_SCHEMA: Schema = either(
  named('inspection', INSPECTION_SCHEMA),
  named('security', described('What --security writes.', FINDINGS_FILE_SCHEMA)),
);
