import type { CheckpointFormat } from '../../checkpoint/types.ts';
import type { Manifest, ManifestLeftOut, ManifestTensor } from '../../comparison/manifest.ts';
import { SIDE_METRICS } from '../../comparison/metrics.ts';
import type { ComparedFile } from '../../comparison/side.ts';
import { MANIFEST_SCHEMA_ID, MANIFEST_SCHEMA_VERSION, type TOOL } from '../../tool.ts';
import { INSPECTION_PROVENANCE_SCHEMA, TOOL_SCHEMA } from './origin-schema.ts';
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
  record,
  string,
  verbatim,
} from './schema.ts';
import { FINDINGS_SCHEMA } from './side-schema.ts';

const FORMATS = [
  'pytorch',
  'safetensors',
  'numpy',
  'huggingface',
  'gguf',
  'memory',
] as const satisfies readonly CheckpointFormat[];

/** One tensor. */
export const MANIFEST_TENSOR_SCHEMA: ObjectSchema = named(
  'tensor',
  object<ManifestTensor>({
    name: string,
    dtype: string,
    shape: described('Sizes of the dimensions, outermost first.', list(number)),
    numElements: described('Elements; of a sparse tensor those that are stored.', number),
    sizeBytes: number,
    hash: described(
      'BLAKE3 of the elements, 64 hexadecimal digits: little-endian, in row-major order; of quantized tensors the numbers that they stand for. Null where the tensor could not be read.',
      nullable(string),
    ),
    norm: described('Euclidean norm of the finite elements.', numberOrNull),
    mean: described(SIDE_METRICS.mean.description, numberOrNull),
    std: described(SIDE_METRICS.std.description, numberOrNull),
    min: described(SIDE_METRICS.min.description, numberOrNull),
    max: described(SIDE_METRICS.max.description, numberOrNull),
    zeros: described(SIDE_METRICS.zeros.description, numberOrNull),
    nan: described(SIDE_METRICS.nan.description, numberOrNull),
    inf: described(SIDE_METRICS.inf.description, numberOrNull),
    error: described('Why the tensor could not be read.', nullable(string)),
  }),
);

/** A manifest as the file has it. */
export interface SavedManifest extends Manifest {
  readonly $schema: string;
  readonly schemaVersion: number;
  readonly tool: typeof TOOL;
}

/** The whole file. */
export const MANIFEST_SCHEMA: ObjectSchema = object<SavedManifest>({
  $schema: constant(MANIFEST_SCHEMA_ID),
  schemaVersion: constant(MANIFEST_SCHEMA_VERSION),
  tool: TOOL_SCHEMA,
  provenance: described('Where the manifest comes from; null where that was not to be saved.', INSPECTION_PROVENANCE_SCHEMA),
  hash: described(
    'BLAKE3 of a line ["name","dtype",[shape],"hash"] of JSON for each tensor, in the order of the list, each ended by a line feed; 64 hexadecimal digits. Null where a tensor could not be read.',
    nullable(string),
  ),
  format: oneOf(FORMATS),
  raw: described('Whether quantized tensors are what the file stores, as with --raw.', boolean),
  files: described(
    'Files that hold the tensors; paths begin at the checkpoint.',
    list(object<ComparedFile>({ path: string, bytes: number })),
  ),
  hasFolder: described('Whether a folder was looked at: only then is configuration that is not there absent.', boolean),
  metadata: described('Texts of the file about itself.', record(string)),
  config: described('Content of config.json beside the weights; null without one.', verbatim),
  configs: described('Further configuration files, by name.', record(verbatim)),
  leftOut: described(
    'What holds tensors, or could, and was not read.',
    list(
      named(
        'left_out',
        object<ManifestLeftOut>({
          kind: oneOf(['file', 'mapping', 'record']),
          role: described('weights: could be weights of the model; state: never is.', oneOf(['weights', 'state'])),
          name: string,
          bytes: number,
        }),
      ),
    ),
  ),
  findings: FINDINGS_SCHEMA,
  tensors: described("In the order of the names' UTF-8 bytes.", list(MANIFEST_TENSOR_SCHEMA)),
});
