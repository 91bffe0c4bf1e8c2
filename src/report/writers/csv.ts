import type { Writer } from './writer.ts';
import { writeCsv } from '../csv/comparison.ts';
import { writeSeriesCsv } from '../csv/series.ts';

export const CSV: Writer = { comparison: (report) => writeCsv(report), series: (series) => writeSeriesCsv(series) };
