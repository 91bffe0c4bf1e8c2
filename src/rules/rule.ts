import type { TensorRow } from '../analysis/tensor-row.ts';
import type { ComparisonData } from '../comparison/data.ts';
import { argumentError, ModelDiffError } from '../errors.ts';
import { compileGlobs } from '../names/glob.ts';
import type { RuleResult } from './types.ts';

/** What rules look at. */
export interface Subject extends Pick<ComparisonData, 'columns' | 'summary' | 'old' | 'new'> {
  /** The rows as the analysis has them; made when a rule asks. */
  readonly rows: readonly TensorRow[];
  /** Whether tensors with new NaN or Inf are judged by the rest of their elements. */
  readonly allowNonfinite: boolean;
}

/** What a rule found. */
export type Judgement = Omit<RuleResult, 'rule'>;

/** A rule that has been read. */
export interface Rule {
  /** As it was written. */
  readonly text: string;
  /** Its keyword or metric. */
  readonly name: string;
  readonly judge: (subject: Subject) => Judgement;
}

/** Which tensors a rule is about, by their names; null for all. */
export type NameTest = ((name: string) => boolean) | null;

/** A test of names for patterns. @throws ModelDiffError `E_ARGUMENT` that names the place of a pattern that is none */
export function compilePatterns(patterns: readonly string[], place: string): (name: string) => boolean {
  try {
    return compileGlobs(patterns, place);
  } catch (error) {
    // A place is no option of a call.
    throw error instanceof ModelDiffError ? argumentError(error.message, error.hint) : error;
  }
}

/** Rows whose names match. */
export function selectRows({ columns: { names } }: Pick<Subject, 'columns'>, matches: NameTest): readonly number[] {
  const rows = [...names.keys()];
  return matches === null ? rows : rows.filter((row) => matches(names[row] ?? ''));
}

/** Tensors that a result names. */
export const MOST_CASES = 5;

/** Of a pattern that no name matches. */
export const UNMATCHED: Judgement = {
  status: 'unmatched',
  value: null,
  tensors: 0,
  broken: 0,
  message: 'the pattern matches no tensor',
  worst: [],
};
