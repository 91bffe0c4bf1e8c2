import {
  INSPECTION_SCHEMA_ID,
  LINES_SCHEMA_ID,
  MANIFEST_SCHEMA_ID,
  REPORT_SCHEMA_ID,
  SERIES_SCHEMA_ID,
  STRUCTURE_SCHEMA_ID,
} from '../../tool.ts';
import { INSPECTION_FILE_SCHEMA } from './inspection-schema.ts';
import { LINE_SCHEMA } from './lines-schema.ts';
import { MANIFEST_SCHEMA } from './manifest-schema.ts';
import { REPORT_SCHEMA } from './report-schema.ts';
import type { Schema } from './schema.ts';
import { SERIES_SCHEMA } from './series-schema.ts';
import { STRUCTURE_SCHEMA } from './structure-schema.ts';

/** A schema that the package ships as `schema/NAME.schema.json`. */
export interface PublishedSchema {
  readonly name: string;
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly schema: Schema;
}

const FIELDS =
  'docs/json.md explains it. Within one schema_version fields are only ever added. Null stands for a number that does not exist.';

/** The schemas of everything that is written for programs. */
export const PUBLISHED: readonly PublishedSchema[] = [
  {
    name: 'report',
    id: REPORT_SCHEMA_ID,
    title: 'Report of model-diff',
    description: `What \`model-diff OLD NEW --json\` writes. ${FIELDS}`,
    schema: REPORT_SCHEMA,
  },
  {
    name: 'series',
    id: SERIES_SCHEMA_ID,
    title: 'Series of model-diff',
    description: `What \`model-diff series A B … --json\` writes. ${FIELDS}`,
    schema: SERIES_SCHEMA,
  },
  {
    name: 'inspect',
    id: INSPECTION_SCHEMA_ID,
    title: 'Checkpoint as model-diff describes it',
    description: `What \`model-diff inspect CHECKPOINT --json\` writes. ${FIELDS}`,
    schema: INSPECTION_FILE_SCHEMA,
  },
  {
    name: 'manifest',
    id: MANIFEST_SCHEMA_ID,
    title: 'Manifest of model-diff',
    description: `What \`model-diff hash CHECKPOINT\` writes; docs/manifests.md explains it. Within one schema_version fields are only ever added.`,
    schema: MANIFEST_SCHEMA,
  },
  {
    name: 'structure',
    id: STRUCTURE_SCHEMA_ID,
    title: 'Comparison of structures of model-diff',
    description: `What \`model-diff OLD NEW --headers-only --json\` writes. ${FIELDS}`,
    schema: STRUCTURE_SCHEMA,
  },
  {
    name: 'lines',
    id: LINES_SCHEMA_ID,
    title: 'Line of JSONL of model-diff',
    description: `One line of what \`--format jsonl\` writes, of any command. ${FIELDS}`,
    schema: LINE_SCHEMA,
  },
];
