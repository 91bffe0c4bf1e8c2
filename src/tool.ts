/** What made a report. The version is that of package.json; a test holds them together. */
export const TOOL: { readonly name: string; readonly version: string } = { name: 'model-diff', version: '0.1.0' };

/** What the identifiers of all schemas that the package ships begin with. */
export const SCHEMA_URN = 'urn:model-diff:schema:';

/** Version of the saved JSON. Fields are only ever added within one, here and below. */
export const REPORT_SCHEMA_VERSION = 2;

/** Identifier of the JSON Schema that the package ships as `model-diff/schema/report.schema.json`. */
export const REPORT_SCHEMA_ID: string = `${SCHEMA_URN}report:${REPORT_SCHEMA_VERSION}`;

/** Version of the JSON of a series. */
export const SERIES_SCHEMA_VERSION = 1;

/** That of `model-diff/schema/series.schema.json`. */
export const SERIES_SCHEMA_ID: string = `${SCHEMA_URN}series:${SERIES_SCHEMA_VERSION}`;

/** Version of the JSON of `inspect`. */
export const INSPECTION_SCHEMA_VERSION = 1;

/** That of `model-diff/schema/inspect.schema.json`. */
export const INSPECTION_SCHEMA_ID: string = `${SCHEMA_URN}inspect:${INSPECTION_SCHEMA_VERSION}`;

/** Version of manifests of hashes. */
export const MANIFEST_SCHEMA_VERSION = 1;

/** What the identifiers of the schemas of manifests of all versions begin with. */
export const MANIFEST_SCHEMA_NAME: string = `${SCHEMA_URN}manifest:`;

/** That of `model-diff/schema/manifest.schema.json`. */
export const MANIFEST_SCHEMA_ID: string = `${MANIFEST_SCHEMA_NAME}${MANIFEST_SCHEMA_VERSION}`;

/** Version of the JSON of a comparison of structures. */
export const STRUCTURE_SCHEMA_VERSION = 1;

/** That of `model-diff/schema/structure.schema.json`. */
export const STRUCTURE_SCHEMA_ID: string = `${SCHEMA_URN}structure:${STRUCTURE_SCHEMA_VERSION}`;

/** Version of the lines of JSONL. */
export const LINES_SCHEMA_VERSION = 1;

/** That of `model-diff/schema/lines.schema.json`, which describes one line of JSONL. */
export const LINES_SCHEMA_ID: string = `${SCHEMA_URN}lines:${LINES_SCHEMA_VERSION}`;
