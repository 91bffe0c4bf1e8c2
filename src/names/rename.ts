import { argumentError } from '../errors.ts';

/** Longer names are matched by no regular expression, in UTF-16 code units. */
const LONGEST_NAME = 4096;

/** One way to change a name. */
export interface NameRule {
  readonly kind: 'strip' | 'rename';
  /** The prefix, or the rule as the caller wrote it. */
  readonly text: string;
  /** The option that it is of, for messages. */
  readonly option: string;
  readonly apply: (name: string) => string;
}

/** A rule that takes a text off the beginning of names. */
export function stripRule(prefix: string, option: string): NameRule {
  return {
    kind: 'strip',
    text: prefix,
    option,
    apply: (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name),
  };
}

/**
 * A rule of the form `REGEX=>REPLACEMENT`; every match in a name is replaced, and `$1` in the replacement stands for the first group.
 *
 * @throws `ModelDiffError` of kind `Argument`.
 */
export function renameRule(text: string, option: string): NameRule {
  const at = text.indexOf('=>');
  if (at < 1) {
    throw argumentError(
      `${option} has the rule ${JSON.stringify(text)}: expected REGEX=>REPLACEMENT`,
      at === 0
        ? 'the expression before => is empty; ^ matches the beginning of every name'
        : String.raw`for example '^net\.=>model.'`,
      option,
    );
  }
  const replacement = text.slice(at + 2);
  const pattern = compile(text, at, option);
  return {
    kind: 'rename',
    text,
    option,
    apply: (name) => (name.length > LONGEST_NAME ? name : name.replace(pattern, replacement)),
  };
}

function compile(text: string, end: number, option: string): RegExp {
  try {
    return new RegExp(text.slice(0, end), 'gu');
  } catch (cause) {
    throw argumentError(
      `${option} has the rule ${JSON.stringify(text)}, which does not begin with a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`,
      String.raw`put a backslash before a character that stands for itself, as \. or \(`,
      option,
    );
  }
}
