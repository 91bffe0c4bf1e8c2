import type { ReportFormat } from '../formats.ts';
import { CSV } from './csv.ts';
import { GITHUB } from './github.ts';
import { HTML } from './html.ts';
import { JSON_FILE, JSON_LINES } from './json.ts';
import { MARKDOWN } from './markdown.ts';
import { METRICS } from './metrics.ts';
import { TEXT } from './text.ts';
import type { Writer } from './writer.ts';

/** The writers of all formats, for functions that answer at once. */
export const WRITERS: Readonly<Record<ReportFormat, Writer>> = {
  text: TEXT,
  json: JSON_FILE,
  jsonl: JSON_LINES,
  html: HTML,
  markdown: MARKDOWN,
  csv: CSV,
  metrics: METRICS,
  github: GITHUB,
};
