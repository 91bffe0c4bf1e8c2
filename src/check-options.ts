import { argumentError } from './errors.ts';

/** What an option may be, for callers whose types nobody checks. */
export type OptionKind = 'text' | 'texts' | 'flag' | 'other';

const WORDS: Readonly<Record<OptionKind, string>> = {
  text: 'a text',
  texts: 'an array of texts',
  flag: 'true or false',
  other: 'anything',
};

/**
 * Looks at the options of a call: a misspelt one is an error and not the default, and a text in place of a list is not taken
 * letter by letter.
 *
 * @param kinds every option that there is
 * @throws `ModelDiffError` of kind `Argument`.
 */
export function checkOptions(options: object, kinds: Readonly<Record<string, OptionKind>>): void {
  if (typeof options !== 'object' || options === null) throw argumentError(`options must be an object, not ${String(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined)
      throw argumentError(`there is no option ${JSON.stringify(name)}`, `the options are ${Object.keys(kinds).join(', ')}`);
    if (value !== undefined && !isOf(kind, value)) throw argumentError(`${name} must be ${WORDS[kind]}, not ${describe(value)}`);
  }
}

function isOf(kind: OptionKind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'flag':
      return typeof value === 'boolean';
    case 'other':
      return true;
  }
}

function describe(value: unknown): string {
  return typeof value === 'string' || Array.isArray(value) ? JSON.stringify(value) : String(value);
}
