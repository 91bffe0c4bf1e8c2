/** Format of a report. */
export type ReportFormat = 'text' | 'json' | 'jsonl' | 'html' | 'markdown' | 'csv' | 'metrics' | 'github';

/** Formats of reports and the endings of their files. How each is written stands in `render.ts`. */
export const FORMATS: readonly { readonly name: ReportFormat; readonly endings: readonly string[] }[] = [
  { name: 'text', endings: ['.txt'] },
  { name: 'json', endings: ['.json'] },
  { name: 'jsonl', endings: ['.jsonl'] },
  { name: 'html', endings: ['.html', '.htm'] },
  { name: 'markdown', endings: ['.md'] },
  { name: 'csv', endings: ['.csv'] },
  { name: 'metrics', endings: [] },
  // Commands to the runner of a workflow, which reads them from stdout alone.
  { name: 'github', endings: [] },
];

export const FORMAT_NAMES: readonly ReportFormat[] = FORMATS.map(({ name }) => name);

/** The format that an ending stands for; undefined for any other. */
export function findFormat(ending: string): ReportFormat | undefined {
  return FORMATS.find(({ endings }) => endings.includes(ending.toLowerCase()))?.name;
}
