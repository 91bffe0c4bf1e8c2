import { checkOptions } from '../options.ts';
import { GrowingSeries } from './growing-series.ts';
import { SERIES_OPTIONS, type SeriesOptions } from './options.ts';
import type { Series } from './series.ts';

/**
 * Follows a model over checkpoints that are added as a run writes them. Open are the first, the last but one and the last, and a fourth
 * while it is added; of a step at most 85 bytes a tensor are kept.
 *
 * @throws `ModelDiffError` of kind `Argument` for an option that makes no sense.
 *
 * @example
 * const series = createSeries();
 * for (const path of ['step-1000', 'step-2000', 'step-3000']) await series.add(path);
 * console.log(series.result().verdict);
 * series.close();
 */
export function createSeries(options: SeriesOptions = {}): Series {
  checkOptions(options, SERIES_OPTIONS, 'createSeries');
  return new GrowingSeries(options);
}
