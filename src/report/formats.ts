/** Formats of reports and the endings of their files. How each is written stands in `render.ts`. */
export const FORMATS = [
  { name: 'text', endings: ['.txt'] },
  { name: 'json', endings: ['.json'] },
  { name: 'html', endings: ['.html', '.htm'] },
  { name: 'markdown', endings: ['.md'] },
  { name: 'csv', endings: ['.csv'] },
] as const;

/** Format of a report. */
export type ReportFormat = (typeof FORMATS)[number]['name'];

export const FORMAT_NAMES: readonly ReportFormat[] = FORMATS.map(({ name }) => name);

/** The format that an ending stands for; undefined for any other. */
export function findFormat(ending: string): ReportFormat | undefined {
  return FORMATS.find(({ endings }) => (endings as readonly string[]).includes(ending.toLowerCase()))?.name;
}
