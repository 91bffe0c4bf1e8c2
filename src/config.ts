import { checkOptions, type OptionKind } from './check-options.ts';
import { argumentError } from './errors.ts';
import { compileGlobs } from './glob.ts';
import { threadCount } from './native.ts';
import { parseRename } from './rename.ts';
import type { NameRules } from './rename.ts';
import type { DiffConfig } from './types.ts';

/** A `DiffConfig` with every default filled in and every value checked. */
export interface ResolvedConfig {
  readonly computeElementWise: boolean;
  readonly changeThreshold: number;
  /** Whether the threshold is the default: then a relative guard stands beside it. */
  readonly isDefaultThreshold: boolean;
  readonly includeUnchanged: boolean;
  readonly normalizeBySize: boolean;
  readonly topKLayers: number;
  readonly precision: 'fast' | 'double';
  readonly histogram: 'none' | 'sampled' | 'exact';
  readonly threads: number;
  readonly names: NameRules;
  /** Whether a name takes part in the comparison. */
  readonly selects: (name: string) => boolean;
}

/** Every option and what it may be; numbers and choices are looked at one by one. */
const OPTIONS: Readonly<Record<keyof DiffConfig, OptionKind>> = {
  computeElementWise: 'flag',
  changeThreshold: 'other',
  includeUnchanged: 'flag',
  normalizeBySize: 'flag',
  topKLayers: 'other',
  precision: 'other',
  histogram: 'other',
  threads: 'other',
  include: 'texts',
  exclude: 'texts',
  rename: 'texts',
  stripPrefix: 'texts',
  autoPrefix: 'flag',
};

/** The original's absolute threshold. */
const CHANGE_THRESHOLD = 1e-6;

/**
 * @throws `ModelDiffError` of kind `Argument` for a value that makes no sense.
 */
export function resolveConfig(config: DiffConfig): ResolvedConfig {
  checkOptions(config, OPTIONS);
  const threshold = config.changeThreshold ?? CHANGE_THRESHOLD;
  if (!Number.isFinite(threshold) || threshold < 0) {
    throw argumentError(`changeThreshold must be a number of at least 0, not ${String(threshold)}`);
  }
  const topKLayers = config.topKLayers ?? 10;
  if (!Number.isInteger(topKLayers) || topKLayers < 0) {
    throw argumentError(`topKLayers must be a whole number of at least 0, not ${String(topKLayers)}`);
  }
  const precision = config.precision ?? 'fast';
  if (precision !== 'fast' && precision !== 'double') {
    throw argumentError(`precision must be 'fast' or 'double', not ${JSON.stringify(precision)}`);
  }
  const included =
    config.include === undefined || config.include.length === 0 ? () => true : compileGlobs(config.include, 'include');
  const excluded = compileGlobs(config.exclude ?? [], 'exclude');
  return {
    computeElementWise: config.computeElementWise ?? true,
    changeThreshold: threshold,
    isDefaultThreshold: config.changeThreshold === undefined,
    includeUnchanged: config.includeUnchanged ?? false,
    normalizeBySize: config.normalizeBySize ?? true,
    topKLayers,
    precision,
    histogram: chooseHistogram(config),
    threads: threadCount(config.threads),
    names: {
      rename: (config.rename ?? []).map((rule) => parseRename(rule)),
      stripPrefix: config.stripPrefix ?? [],
      autoPrefix: config.autoPrefix ?? true,
    },
    selects: (name) => included(name) && !excluded(name),
  };
}

function chooseHistogram({ histogram = false, computeElementWise = true }: DiffConfig): ResolvedConfig['histogram'] {
  if (histogram !== 'exact' && typeof histogram !== 'boolean') {
    throw argumentError(`histogram must be true, false or 'exact', not ${JSON.stringify(histogram)}`);
  }
  if (histogram === false || !computeElementWise) return 'none';
  return histogram === true ? 'sampled' : 'exact';
}
