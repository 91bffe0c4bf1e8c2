import { writeMetrics } from '../metrics/comparison.ts';
import { writeSeriesMetrics } from '../metrics/series.ts';
import type { Writer } from './writer.ts';

export const METRICS: Writer = {
  comparison: (report) => writeMetrics(report),
  series: (series) => writeSeriesMetrics(series),
};
