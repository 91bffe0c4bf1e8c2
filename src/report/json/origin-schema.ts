import type { InspectionProvenance, Origin, Provenance, SeriesProvenance } from '../../comparison/provenance.ts';
import type { TOOL } from '../../tool.ts';
import { described, list, nullable, number, object, oneOf, type Schema, string } from './schema.ts';

/** What wrote a file. */
export const TOOL_SCHEMA: Schema = described('What wrote the file.', object<typeof TOOL>({ name: string, version: string }));

const PLACE = described(
  'Path as it was given; of a model in the local cache of the hub, its address with the revision that was read.',
  string,
);
const PLACE_OR_NULL = described('As a path, or null for tensors in memory.', nullable(string));

const ORIGIN: Readonly<Record<keyof Origin, Schema>> = object<Origin>({
  version: string,
  created: described('When the result was made, in UTC.', string),
  command: described('The command line; null for calls of the library.', nullable(string)),
}).fields;

const { version, created, command } = ORIGIN;

export const PROVENANCE_SCHEMA: Schema = nullable(
  object<Provenance>({ version, created, old: PLACE_OR_NULL, new: PLACE_OR_NULL, command }),
);

export const SERIES_PROVENANCE_SCHEMA: Schema = nullable(
  object<SeriesProvenance>({
    version,
    created,
    checkpoints: list(PLACE),
    command,
    changeThreshold: described('An element has changed when |d| is above this.', number),
    precision: oneOf(['fast', 'double']),
  }),
);

export const INSPECTION_PROVENANCE_SCHEMA: Schema = nullable(
  object<InspectionProvenance>({ version, created, checkpoint: PLACE, command }),
);
