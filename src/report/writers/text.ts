import { ROWS, type Writer } from './writer.ts';
import { writeText } from '../text/comparison.ts';
import { writeSeriesText } from '../text/series.ts';

export const TEXT: Writer = {
  comparison: (report, { maxLayersDisplay: rows = ROWS, terminal }) => [writeText(report, { ...terminal, rows })],
  series: (series, { maxLayersDisplay: rows = ROWS, terminal, provenance }) => [
    writeSeriesText(series, { ...terminal, rows }, provenance),
  ],
};
