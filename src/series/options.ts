import { LOAD_OPTIONS } from '../checkpoint/load.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import { type CompareOptions, DIFF_OPTIONS } from '../compare/options.ts';
import { type OptionsOf, text } from '../options.ts';

/**
 * Options of a series: those of `compare`, for every checkpoint and comparison. There is no `old` and no `new`, as each checkpoint is
 * first the one and then the other, and no `provenance`, as its result holds no date. Without effect are `includeUnchanged`,
 * `normalizeBySize`, `topKLayers`, `histogram` and `probes`, as a series holds sizes and angles of all tensors and nothing that these ask
 * for.
 */
export interface SeriesOptions extends Omit<CompareOptions, 'old' | 'new' | 'provenance'> {
  /**
   * Path of the model that adapters are trained on: every path of the series is an adapter that is merged into it, as `adapter` of
   * `loadCheckpoint` does, but for the path of the base itself. Without it adapters are followed as the changes that they make. @default none
   */
  readonly base?: string;
}

/** What `compareSeries` takes beside the configuration of its comparisons. */
export interface SeriesRunOptions extends Omit<LoadOptions, 'computeStats' | 'adapter'>, Pick<SeriesOptions, 'base'> {}

const { computeStats: _, adapter: _one, ...OPENING } = LOAD_OPTIONS;

export const SERIES_RUN_OPTIONS: OptionsOf<SeriesRunOptions> = { ...OPENING, base: text };

export const SERIES_OPTIONS: OptionsOf<SeriesOptions> = { ...DIFF_OPTIONS, ...SERIES_RUN_OPTIONS };
