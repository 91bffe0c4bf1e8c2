import { ROWS, type Writer } from './writer.ts';
import { writeMarkdown } from '../markdown/comparison.ts';
import { writeSeriesMarkdown } from '../markdown/series.ts';

export const MARKDOWN: Writer = {
  comparison: (report, { maxLayersDisplay: rows = ROWS }) => [writeMarkdown(report, { rows })],
  series: (series, { maxLayersDisplay: rows = ROWS, provenance }) => [writeSeriesMarkdown(series, { rows }, provenance)],
};
