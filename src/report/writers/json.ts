import type { Writer } from './writer.ts';
import { writeJson } from '../json/comparison.ts';
import { writeComparisonLines, writeSeriesLines } from '../json/lines.ts';
import { writeSeriesJson } from '../json/series.ts';

export const JSON_FILE: Writer = {
  comparison: (report) => writeJson(report),
  series: (series, { provenance = null }) => writeSeriesJson(series, provenance),
};

export const JSON_LINES: Writer = {
  comparison: (report) => writeComparisonLines(report),
  series: (series, { provenance = null }) => writeSeriesLines(series, provenance),
};
