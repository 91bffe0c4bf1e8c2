import type { LoadOptions, RunOptions } from '../checkpoint/types.ts';
import { LOAD_OPTIONS } from '../checkpoint/load.ts';
import type { ComparisonOptions } from '../comparison/data.ts';
import { compileGlobs } from '../names/glob.ts';
import type { NameRules, SideRules } from '../names/match.ts';
import { type NameRule, renameRule, stripRule } from '../names/rename.ts';
import { threadCount } from '../native/threads.ts';
import { either, flag, nested, numberFrom, oneOf, type OptionsOf, text, texts, wholeNumber } from '../options.ts';

/** Options of one side of a comparison, beside those of both. */
export interface SideOptions extends Pick<LoadOptions, 'key' | 'variant' | 'adapter'> {
  /** Tensors of this side that take part, as glob patterns of their names in the file. @default all */
  readonly include?: readonly string[];
  /** As `rename` of both sides, after it. @default none */
  readonly rename?: readonly string[];
  /** As `stripPrefix` of both sides, after it. @default none */
  readonly stripPrefix?: readonly string[];
}

/** Options of a comparison. */
export interface DiffConfig {
  /** false skips what counts elements (threshold, zeros, histogram); those fields are null then. @default true */
  readonly computeElementWise?: boolean;
  /** An element has changed when |d| is above this absolute value. @default 1e-6 */
  readonly changeThreshold?: number;
  /** Whether `diffs` lists unchanged tensors too; counts and analysis never depend on it. @default false */
  readonly includeUnchanged?: boolean;
  /** Averages over layers and types are weighted by elements; false: plain means over tensors. @default true */
  readonly normalizeBySize?: boolean;
  /** Length of the lists of most and least changed layers. @default 10 */
  readonly topKLayers?: number;
  /**
   * `double`: every sum in f64, accurate to 1e-12 of the sum of its terms' absolute values; `fast`: floats of at most 32 bits in short f32
   * lanes folded into f64, accurate to 1e-7 on real weights and 1e-6 at worst, and faster. Counts are exact in both.
   * @default 'fast'
   */
  readonly precision?: 'fast' | 'double';
  /**
   * Counts the elements of each tensor by the size of their change, for `summary.tensors.histogram`: of 4,096 elements of every
   * 2^18 and of all of tensors up to 65,536 elements with `true`, of every element with `'exact'`. Needs `computeElementWise`.
   * @default false
   */
  readonly histogram?: boolean | 'exact';
  /**
   * Whether some tensors are looked at a second time where one pass leaves open what was done to them: casts, pruning, single rows, grids of
   * quantised values, another order. `summary.probedTensors` counts them.
   * @default true
   */
  readonly probes?: boolean;
  /** Worker threads. @default the number of available cores */
  readonly threads?: number;
  /** Names to compare, as glob patterns: `*` is any text, dots too. @default all */
  readonly include?: readonly string[];
  /** Names to leave out, as glob patterns; wins over `include`. @default none */
  readonly exclude?: readonly string[];
  /**
   * Rules `REGEX=>REPLACEMENT` that change the names of both sides before they are matched, in this order; every match in a name
   * is replaced. Names longer than 4 KiB stay as they are. @default none
   */
  readonly rename?: readonly string[];
  /** Texts that are taken off the beginning of names of both sides, before `rename`. @default none */
  readonly stripPrefix?: readonly string[];
  /**
   * Whether prefixes that wrappers add (`module.`, `_orig_mod.`, `base_model.model.`, …), and any other that all names of one side share
   * and the other side lacks, are taken off where that makes more names match; `nameChanges` of the summary tells. @default true
   */
  readonly autoPrefix?: boolean;
}

/** Options of `compare`. */
export interface CompareOptions extends DiffConfig, RunOptions, Omit<LoadOptions, 'computeStats' | 'adapter'> {
  /** Options of the old side alone. */
  readonly old?: SideOptions;
  /** Options of the new side alone. */
  readonly new?: SideOptions;
  /**
   * false: no date and no path, so that the same checkpoints give the same bytes wherever they are; an object: also the command line
   * that asked. @default true
   */
  readonly provenance?: boolean | { readonly command: string };
}

/** Options of a comparison with every default filled in and every value checked. */
export interface ResolvedOptions extends ComparisonOptions {
  /** Whether the threshold is the default: then a relative guard stands beside it. */
  readonly isDefaultThreshold: boolean;
  readonly histogram: 'none' | 'sampled' | 'exact';
  readonly probes: boolean;
  readonly threads: number;
  readonly names: NameRules;
  /** Whether a name takes part in the comparison, as it is matched. */
  readonly selects: (name: string) => boolean;
}

const SIDE_OPTIONS: OptionsOf<SideOptions> = {
  key: text,
  variant: text,
  adapter: text,
  include: texts,
  rename: texts,
  stripPrefix: texts,
};

export const DIFF_OPTIONS: OptionsOf<DiffConfig> = {
  computeElementWise: flag,
  changeThreshold: numberFrom(0),
  includeUnchanged: flag,
  normalizeBySize: flag,
  topKLayers: wholeNumber(0),
  precision: oneOf('fast', 'double'),
  histogram: oneOf(true, false, 'exact'),
  probes: flag,
  threads: wholeNumber(1, 1024),
  include: texts,
  exclude: texts,
  rename: texts,
  stripPrefix: texts,
  autoPrefix: flag,
};

const { computeStats: _, adapter: _one, ...OPEN_OPTIONS } = LOAD_OPTIONS;

export const COMPARE_OPTIONS: OptionsOf<CompareOptions> = {
  ...DIFF_OPTIONS,
  ...OPEN_OPTIONS,
  old: nested(SIDE_OPTIONS),
  new: nested(SIDE_OPTIONS),
  provenance: either(flag, { expected: 'an object with a command', accepts: isCommand }),
};

function isCommand(value: unknown): boolean {
  return typeof (value as { command?: unknown } | null)?.command === 'string';
}

/** The original's absolute threshold. */
const CHANGE_THRESHOLD = 1e-6;

/** @throws `ModelDiffError` of kind `Argument` for a pattern or rule that makes no sense; values are checked before. */
export function resolveOptions(options: CompareOptions): ResolvedOptions {
  const { include = [], exclude = [], computeElementWise = true } = options;
  const included = include.length === 0 ? () => true : compileGlobs(include, 'include');
  const excluded = compileGlobs(exclude, 'exclude');
  return {
    computeElementWise,
    changeThreshold: options.changeThreshold ?? CHANGE_THRESHOLD,
    isDefaultThreshold: options.changeThreshold === undefined,
    includeUnchanged: options.includeUnchanged ?? false,
    normalizeBySize: options.normalizeBySize ?? true,
    topKLayers: options.topKLayers ?? 10,
    precision: options.precision ?? 'fast',
    histogram: chooseHistogram(options.histogram ?? false, computeElementWise),
    probes: options.probes ?? true,
    threads: threadCount(options.threads),
    include,
    exclude,
    names: {
      old: resolveSide(options, 'old'),
      new: resolveSide(options, 'new'),
      autoPrefix: options.autoPrefix ?? true,
    },
    selects: (name) => included(name) && !excluded(name),
  };
}

/** The options that a comparison keeps. */
export function keepOptions(options: ResolvedOptions): ComparisonOptions {
  const { changeThreshold, precision, computeElementWise, normalizeBySize, topKLayers, includeUnchanged, include, exclude } =
    options;
  return { changeThreshold, precision, computeElementWise, normalizeBySize, topKLayers, includeUnchanged, include, exclude };
}

function resolveSide(options: CompareOptions, side: 'old' | 'new'): SideRules {
  const own = options[side] ?? {};
  const read = (key: 'stripPrefix' | 'rename', make: (text: string, option: string) => NameRule): NameRule[] => [
    ...(options[key] ?? []).map((rule) => make(rule, key)),
    ...(own[key] ?? []).map((rule) => make(rule, `${side}.${key}`)),
  ];
  return {
    selects: own.include === undefined || own.include.length === 0 ? () => true : compileGlobs(own.include, `${side}.include`),
    rules: [...read('stripPrefix', stripRule), ...read('rename', renameRule)],
  };
}

function chooseHistogram(histogram: boolean | 'exact', isCounted: boolean): ResolvedOptions['histogram'] {
  if (histogram === false || !isCounted) return 'none';
  return histogram === true ? 'sampled' : 'exact';
}
