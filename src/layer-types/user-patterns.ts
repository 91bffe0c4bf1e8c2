import { argumentError } from '../errors.ts';
import type { AnalysisConfig } from '../analysis/types.ts';
import { LONGEST_NAME } from './split-name.ts';

/** Layer type of a name by the user's own expressions; null where none matches. */
export type UserTypes = (name: string) => string | null;

/**
 * Prepares `layerPatterns`: strings are searched without regard to case, expressions as they are; the first that matches decides.
 * @throws ModelDiffError `E_ARGUMENT` for a string that is no regular expression
 */
export function compileUserPatterns(patterns: AnalysisConfig['layerPatterns']): UserTypes | null {
  const compiled: [type: string, pattern: RegExp][] = [];
  for (const [type, given] of Object.entries(patterns ?? {})) {
    const list = typeof given === 'string' || given instanceof RegExp ? [given] : given;
    for (const pattern of list) compiled.push([type, compilePattern(type, pattern)]);
  }
  if (compiled.length === 0) return null;
  return (name) => (name.length > LONGEST_NAME ? null : (compiled.find(([, pattern]) => pattern.test(name))?.[0] ?? null));
}

function compilePattern(type: string, pattern: string | RegExp): RegExp {
  // Sticky and global expressions remember where they stopped; a question asked twice must get one answer.
  if (pattern instanceof RegExp) return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  try {
    return new RegExp(pattern, 'i');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw argumentError(`layerPatterns.${type}: ${reason}`, 'give a regular expression as JavaScript spells it');
  }
}
