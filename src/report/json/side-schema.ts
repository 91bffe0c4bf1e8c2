import type { Finding } from '../../checkpoint/types.ts';
import type { ComparisonOptions } from '../../comparison/data.ts';
import type { ComparedFile, ComparedSide } from '../../comparison/side.ts';
import {
  boolean,
  described,
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
} from './schema.ts';

export const SEVERITY: Schema = named('severity', oneOf(['info', 'warning', 'critical']));

export const FINDINGS_SCHEMA: Schema = described(
  'What was noticed about the files.',
  list(
    named(
      'finding',
      object<Finding>({
        code: string,
        severity: SEVERITY,
        message: string,
        path: nullable(string),
        offset: numberOrNull,
      }),
    ),
  ),
);

export const SIDE_SCHEMA: Schema = named(
  'side',
  object<ComparedSide>({
    name: described('What the checkpoint is called.', string),
    format: string,
    tensors: described('Tensors that take part in the comparison, as the next four.', number),
    elements: number,
    bytes: number,
    dtypes: described('[dtype, tensors], most elements first.', list(tuple(string, number))),
    nonfinite: described('NaN and infinite elements.', number),
    files: described(
      'Files that hold the tensors; paths begin at the checkpoint.',
      list(object<ComparedFile>({ path: string, bytes: number })),
    ),
    findings: FINDINGS_SCHEMA,
    hash: optional(described('Only where hashes were compared: that of all tensors, as in a manifest.', nullable(string))),
    isManifest: optional(described('True where the side was a manifest and no checkpoint.', boolean)),
  }),
);

export const OPTIONS_SCHEMA: Schema = object<ComparisonOptions>({
  changeThreshold: described('An element has changed when |d| is above this.', number),
  precision: oneOf(['fast', 'double']),
  computeElementWise: boolean,
  normalizeBySize: boolean,
  topKLayers: number,
  includeUnchanged: boolean,
  include: described('Patterns of the names that were compared; empty for all.', list(string)),
  exclude: list(string),
});
