import { argumentError } from '../errors.ts';
import { isPlainObject, type OptionType } from '../options.ts';
import { LONGEST_NAME } from './split-name.ts';

/** Regular expressions by layer type. */
export type LayerPatterns = Readonly<Record<string, string | RegExp | readonly (string | RegExp)[]>>;

export const LAYER_PATTERNS: OptionType = {
  expected: 'an object with a regular expression or a list of them for each layer type',
  accepts: (value) =>
    isPlainObject(value) && Object.values(value).every((given) => (Array.isArray(given) ? given : [given]).every(isPattern)),
};

/** Not `instanceof`: an expression may be of another realm. */
function isPattern(value: unknown): value is string | RegExp {
  return typeof value === 'string' || isExpression(value);
}

function isExpression(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]';
}

/** Layer type of a name by the user's own expressions; null where none matches. */
export type UserTypes = (name: string) => string | null;

/**
 * Prepares `layerPatterns`: strings are searched without regard to case, expressions as they are; the first that matches decides.
 *
 * @throws `ModelDiffError` of kind `Argument` for a string that is no regular expression.
 */
export function compileUserPatterns(patterns: LayerPatterns | undefined): UserTypes | null {
  const compiled: [type: string, pattern: RegExp][] = [];
  for (const [type, given] of Object.entries(patterns ?? {})) {
    for (const pattern of isPattern(given) ? [given] : given) compiled.push([type, compilePattern(type, pattern)]);
  }
  if (compiled.length === 0) return null;
  return (name) => (name.length > LONGEST_NAME ? null : (compiled.find(([, pattern]) => pattern.test(name))?.[0] ?? null));
}

function compilePattern(type: string, pattern: string | RegExp): RegExp {
  // Sticky and global expressions remember where they stopped; a question asked twice must get one answer.
  if (isExpression(pattern)) return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  try {
    return new RegExp(pattern, 'i');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw argumentError(`layerPatterns.${type}: ${reason}`, 'give a regular expression as JavaScript spells it', 'layerPatterns');
  }
}
