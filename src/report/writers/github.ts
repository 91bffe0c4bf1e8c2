import { writeGithub } from '../github/comparison.ts';
import { writeSeriesGithub } from '../github/series.ts';
import type { Writer } from './writer.ts';

export const GITHUB: Writer = {
  comparison: (report) => [writeGithub(report)],
  series: (series) => [writeSeriesGithub(series)],
};
