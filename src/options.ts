import { distance } from 'fastest-levenshtein';
import { argumentError } from './errors.ts';

/** What an option must be: in words, and as a test. */
export interface OptionType {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Options inside the option. */
  readonly inner?: OptionTable;
}

/** Every option of a function by name. */
export type OptionTable = Readonly<Record<string, OptionType>>;

/** A table that has an entry for every option of `T` and no other. */
export type OptionsOf<T> = { readonly [Key in keyof Required<T>]: OptionType };

export const text: OptionType = { expected: 'a string', accepts: (value) => typeof value === 'string' };
export const flag: OptionType = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const callback: OptionType = { expected: 'a function', accepts: (value) => typeof value === 'function' };
export const texts: OptionType = {
  expected: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};
/** Not `instanceof`: a signal may be of another realm. */
export const abortSignal: OptionType = {
  expected: 'an AbortSignal',
  accepts: (value) => typeof (value as AbortSignal | null)?.throwIfAborted === 'function',
};
/** Whole numbers by name. */
export const counts: OptionType = {
  expected: 'an object of whole numbers from 0',
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((count) => Number.isSafeInteger(count) && (count as number) >= 0),
};

export function oneOf(...values: readonly (string | boolean)[]): OptionType {
  const words = values.map((value) => JSON.stringify(value));
  return {
    expected: words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
    accepts: (value) => values.includes(value as string),
  };
}

export function wholeNumber(from: number, to: number = Number.MAX_SAFE_INTEGER): OptionType {
  const range = to === Number.MAX_SAFE_INTEGER ? `from ${from}` : `from ${from} to ${to}`;
  return {
    expected: `a whole number ${range}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to,
  };
}

export function numberFrom(from: number, to: number = Number.POSITIVE_INFINITY): OptionType {
  return {
    expected: to === Number.POSITIVE_INFINITY ? `a number from ${from}` : `a number from ${from} to ${to}`,
    accepts: (value) => Number.isFinite(value) && (value as number) >= from && (value as number) <= to,
  };
}

/** Any of several types. */
export function either(...types: readonly OptionType[]): OptionType {
  return {
    expected: types.map(({ expected }) => expected).join(' or '),
    accepts: (value) => types.some((type) => type.accepts(value)),
  };
}

/** Options inside an option. */
export function nested(inner: OptionTable): OptionType {
  return { expected: 'an object', accepts: isPlainObject, inner };
}

/** A value of any kind, which is looked at elsewhere. */
export const anything: OptionType = { expected: 'a value', accepts: () => true };

/**
 * Looks at the options of a call: a misspelt one is an error and not the default, and a string in place of a list is not taken
 * letter by letter.
 *
 * @param where what the options are of, as `compare`
 * @throws `ModelDiffError` of kind `Argument` that names the option, and the nearest one there is.
 */
export function checkOptions(options: unknown, table: OptionTable, where: string): void {
  if (!isPlainObject(options)) throw argumentError(`options of ${where} must be an object, not ${spell(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined) {
      const known = Object.keys(table);
      const nearest = findNearest(name, known);
      throw argumentError(
        `${where} has no option ${JSON.stringify(name)}`,
        nearest === undefined ? `its options are ${known.join(', ')}` : `did you mean ${nearest}?`,
      );
    }
    if (value === undefined) continue;
    if (!type.accepts(value)) throw argumentError(`${name} must be ${type.expected}, not ${spell(value)}`);
    if (type.inner !== undefined) checkOptions(value, type.inner, name);
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was given, short enough for a message. */
export function spell(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'string' && typeof value !== 'object') return String(value);
  let words: string;
  try {
    words = JSON.stringify(value) ?? typeof value;
  } catch {
    words = typeof value;
  }
  return words.length > 60 ? `${words.slice(0, 59)}…` : words;
}

/** The word that is most like another, where any is: at most a third of its letters differ. */
export function findNearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 100) return undefined;
  const ranked = known
    .map((candidate) => ({ candidate, letters: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.letters - b.letters);
  const [best] = ranked;
  return best !== undefined && best.letters * 3 <= Math.max(word.length, best.candidate.length) ? best.candidate : undefined;
}
