/** What a comparison is held to. */
export interface Rules {
  /**
   * When it fails, each in the grammar of `--fail-on`: `nan`, `structure`, `dtype`, `changed`, `unsafe`, `config`, `coverage<100%`, `change>5%`,
   * `min(cosine)<0.98`, `changed_elements>0@model.embed*`.
   */
  readonly failOn?: readonly string[];
  /** Which tensors may change, and which must not. */
  readonly expect?: Expectations;
  /** true: numbers of tensors with new NaN or Inf count, over the elements that are finite on both sides. @default false */
  readonly allowNonfinite?: boolean;
}

/** Glob patterns of tensors. What is absent is not looked at. */
export interface Expectations {
  /** Each list names the only tensors that something may happen to; a pattern of these may match nothing. */
  readonly may?: {
    readonly add?: readonly string[];
    readonly remove?: readonly string[];
    /** Values, shape or dtype. Changes within the threshold are none. */
    readonly change?: readonly string[];
  };
  /** Tensors that must be on both sides with equal values, shape and dtype. */
  readonly identical?: readonly string[];
}

/** `unmatched`: the pattern of the rule matches no tensor, so that nothing was looked at. */
export type RuleStatus = 'passed' | 'failed' | 'unmatched';

/** What became of one rule. */
export interface RuleResult {
  /** The rule as it was written. */
  readonly rule: string;
  readonly status: RuleStatus;
  /** The number that decided: of the worst tensor, or of all together. null where the rule asks for none, or there is none. */
  readonly value: number | null;
  /** Tensors that the rule is about. */
  readonly tensors: number;
  /** Those that break it; for `unsafe` findings, for `config` keys. */
  readonly broken: number;
  /** What was found, in a few words. */
  readonly message: string;
  /** The first few that break it, the worst first; where none does, those that came closest. */
  readonly worst: readonly RuleCase[];
}

/** One tensor under a rule; for `unsafe` a file, for `config` a key. */
export interface RuleCase {
  readonly name: string;
  readonly value: number | null;
  /** The number as people read it, or why there is none. */
  readonly note: string;
}
