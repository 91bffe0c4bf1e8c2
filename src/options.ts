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

/**
 * Looks at the options of a call: a misspelt one is an error and not the default, and a string in place of a list is not taken
 * letter by letter.
 *
 * @param where what the options are of, as `compare`
 * @throws `ModelDiffError` of kind `Argument` that names the option, and the nearest one there is.
 */
export function checkOptions(options: unknown, table: OptionTable, where: string): void {
  if (!isPlainObject(options)) throw argumentError(`the options of ${where} must be an object, not ${spell(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined) {
      const known = Object.keys(table);
      const nearest = findNearest(name, known);
      throw argumentError(
        `${where} has no option ${spell(name)}`,
        nearest === undefined ? `its options are ${known.join(', ')}` : `did you mean ${nearest}?`,
        name,
      );
    }
    if (value === undefined) continue;
    if (!type.accepts(value)) throw argumentError(`${name} must be ${type.expected}, not ${spell(value)}`, undefined, name);
    if (type.inner !== undefined) checkOptions(value, type.inner, name);
  }
}

/** Whether a value is an object with fields, of any realm: neither a list, nor a Map, a Date and the like. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** Letters of a text, and entries of a list or an object, that a message shows. */
const [MOST_LETTERS, MOST_ENTRIES] = [60, 4];

/** What was given, short enough for a message and made in no time, however large it is. */
export function spell(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > MOST_LETTERS ? `${value.slice(0, MOST_LETTERS)}…` : value);
    case 'function':
      return 'a function';
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : spellObject(value, depth);
    case 'undefined':
    case 'number':
    case 'boolean':
    case 'symbol':
      return String(value);
  }
}

function spellObject(value: object, depth: number): string {
  if (Array.isArray(value)) {
    if (depth > 0 && value.length > 0) return '[…]';
    return `[${spellEntries(value.slice(0, MOST_ENTRIES + 1), (item) => spell(item, depth + 1))}]`;
  }
  const kind = nameKind(value);
  if (kind !== 'Object') return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
  if (depth > 0) return '{…}';
  const field = (key: string): string => spell((value as Readonly<Record<string, unknown>>)[key], depth + 1);
  return `{${spellEntries(Object.keys(value), (key) => `${spell(key)}:${field(key)}`)}}`;
}

function spellEntries<T>(entries: readonly T[], show: (entry: T) => string): string {
  const shown = entries.slice(0, MOST_ENTRIES).map(show);
  return [...shown, ...(entries.length > MOST_ENTRIES ? ['…'] : [])].join(',');
}

/** What an object is, by what it is built in or by its class. */
function nameKind(value: object): string {
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (kind !== 'Object') return kind;
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null;
  return typeof prototype?.constructor === 'function' ? prototype.constructor.name : kind;
}

/** The word that is most like another, where any is: at most a third of its letters differ. */
export function findNearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 100) return undefined;
  const isAlike = (letters: number, other: string): boolean => letters * 3 <= Math.max(word.length, other.length);
  const ranked = known
    .filter((candidate) => isAlike(Math.abs(candidate.length - word.length), candidate))
    .map((candidate) => ({ candidate, letters: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.letters - b.letters);
  const [best] = ranked;
  return best !== undefined && isAlike(best.letters, best.candidate) ? best.candidate : undefined;
}
