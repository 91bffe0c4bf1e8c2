/** What made a report. The version is that of package.json; a test holds them together. */
export const TOOL: { readonly name: string; readonly version: string } = { name: 'model-diff', version: '0.1.0' };

/** Version of the saved JSON. Fields are only ever added within one. */
export const REPORT_SCHEMA_VERSION = 2;

/** Identifier of the JSON Schema that the package ships as `model-diff/schema/report.schema.json`. */
export const REPORT_SCHEMA_ID = 'urn:model-diff:schema:report:2';
