import type { ReportFormat } from '../formats.ts';
import type { Writer } from './writer.ts';

/** Where the writer of each format is. */
const WRITERS: Readonly<Record<ReportFormat, () => Promise<Writer>>> = {
  text: async () => (await import('./text.ts')).TEXT,
  json: async () => (await import('./json.ts')).JSON_FILE,
  jsonl: async () => (await import('./json.ts')).JSON_LINES,
  html: async () => (await import('./html.ts')).HTML,
  markdown: async () => (await import('./markdown.ts')).MARKDOWN,
  csv: async () => (await import('./csv.ts')).CSV,
  metrics: async () => (await import('./metrics.ts')).METRICS,
  github: async () => (await import('./github.ts')).GITHUB,
};

/** The writer of a format, with nothing of the others: the command line writes one or two of them. */
export function loadWriter(format: ReportFormat): Promise<Writer> {
  return WRITERS[format]();
}
