import { writeHtml } from '../html/comparison.ts';
import { writeSeriesHtml } from '../html/series.ts';
import { ROWS, type Writer } from './writer.ts';

export const HTML: Writer = {
  comparison: (report, options) => writeHtml(report, options),
  series: (series, { maxLayersDisplay = ROWS, provenance }) => writeSeriesHtml(series, maxLayersDisplay, provenance),
};
