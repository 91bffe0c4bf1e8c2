/**
 * The grammar of the search box. All terms must hold, `-` before one turns it round: words in the name, globs (`layers.3?.mlp.*`, anywhere
 * in the name), `/expressions/`, and conditions (`is:nan`, `block:10-20`, `rel>5%`, `elements:1M-2M`), which each kind of page has its own of.
 */
import { splitTerms } from './terms.ts';

/** Whether a row is meant. */
export type RowTest = (row: number) => boolean;

/** What a text of the search box means. */
export interface Filter {
  readonly test: RowTest;
  /** What is wrong with it; '' for nothing. Terms that make no sense are left out of the test. */
  readonly problem: string;
}

/** A condition of words: the test, or what is wrong with the value. */
export type WordCondition<Tensors> = (tensors: Tensors, value: string) => RowTest | string;

/** Conditions by their keys, `module` for `module:` and `module=` for itself. */
export type WordConditions<Tensors> = Readonly<Record<string, WordCondition<Tensors>>>;

/** What a page can be searched by. */
export interface Vocabulary<Tensors> {
  readonly conditions: WordConditions<Tensors>;
  readonly quantities: readonly {
    readonly key: string;
    readonly read: (tensors: Tensors, row: number) => number;
  }[];
}

/** Reads a text of the search box. */
export function parseTerms<Tensors extends { readonly names: readonly string[] }>(
  text: string,
  tensors: Tensors,
  vocabulary: Vocabulary<Tensors>,
): Filter {
  const tests: RowTest[] = [];
  let problem = '';
  for (const term of splitTerms(text)) {
    const isNegative = /^[-!]./.test(term);
    const test = parseTerm(isNegative ? term.slice(1) : term, tensors, vocabulary);
    if (typeof test === 'string') problem ||= test;
    else tests.push(isNegative ? (row) => !test(row) : test);
  }
  return { test: (row) => tests.every((test) => test(row)), problem };
}

/** Rows that a filter means. */
export function selectRows({ test }: Filter, { count }: { readonly count: number }): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row += 1) if (test(row)) rows.push(row);
  return rows;
}

function parseTerm<Tensors extends { readonly names: readonly string[] }>(
  term: string,
  tensors: Tensors,
  { conditions, quantities }: Vocabulary<Tensors>,
): RowTest | string {
  const pattern = /^\/(.+)\/$/.exec(term)?.[1];
  if (pattern !== undefined) return parseExpression(pattern, tensors);
  const [, key = '', sign = '', quoted = ''] = /^([a-z_]+)(:|>=|<=|=|>|<)(.*)$/i.exec(term) ?? [];
  const value = quoted.replaceAll('"', '');
  const word = sign === ':' ? key : key + sign;
  if (sign !== '' && Object.hasOwn(conditions, word)) return anyOf(value, (one) => conditions[word]?.(tensors, one) ?? '');
  const quantity = quantities.find((known) => known.key === key);
  if (quantity !== undefined) {
    const read: (row: number) => number = (row) => quantity.read(tensors, row);
    return sign === ':' ? testRange(value, key, read) : testSign(sign, value, key, read);
  }
  if (sign !== '') {
    const keys = [...Object.keys(conditions), ...quantities.map((known) => known.key)];
    return `there is no “${key}”: ${keys.join(', ')}`;
  }
  const text = term.replaceAll('"', '');
  if (/[*?[\]{}]/.test(text)) return parseGlob(text, tensors);
  const small = text.toLowerCase();
  return (row) => tensors.names[row]?.toLowerCase().includes(small) === true;
}

/** Values with commas between them: one of them is enough. */
function anyOf(values: string, test: (value: string) => RowTest | string): RowTest | string {
  const tests = values.split(',').map(test);
  const problem = tests.find((one) => typeof one === 'string');
  if (problem !== undefined) return problem;
  return (row) => tests.some((one) => typeof one === 'function' && one(row));
}

function parseExpression(pattern: string, { names }: { readonly names: readonly string[] }): RowTest | string {
  try {
    const expression = new RegExp(pattern, 's');
    return (row) => expression.test(names[row] ?? '');
  } catch (error) {
    return String(error);
  }
}

/** As `--include` has them, but anywhere in the name; the reader's own pattern may take its time. */
function parseGlob(glob: string, tensors: { readonly names: readonly string[] }): RowTest | string {
  const pattern = glob.replace(/\[!?[^\]]+\]|\{[^{}]*\}|[*?]|[^\w]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1 && part.startsWith('[')) return part.replace(/^\[!/, '[^').replaceAll('\\', String.raw`\\`);
    if (part.length > 1) return `(?:${part.slice(1, -1).split(',').map(escapeExpression).join('|')})`;
    return `\\${part}`;
  });
  return parseExpression(pattern, tensors);
}

function escapeExpression(text: string): string {
  return text
    .replace(/[^\w*?]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
}

const NUMBER = String.raw`\d*\.?\d+(?:e[-+]?\d+)?(?:%|[kMBGT](?![a-z]))?`;
const RANGE = new RegExp(`^(${NUMBER})(?:(?:-|–|\\.\\.)(${NUMBER}))?$`, 'i');

/** A number, or all from one to another: `8`, `8-12`, `0.5%-2%`. */
export function testRange(value: string, key: string, read: (row: number) => number): RowTest | string {
  const [, from, to = from] = RANGE.exec(value) ?? [];
  if (from === undefined || to === undefined) return `${key}: a number or a range as 10-20, not “${value}”`;
  const [least, most] = [readNumber(from), readNumber(to)];
  return (row) => {
    const found = read(row);
    return found >= least && found <= most;
  };
}

function testSign(sign: string, value: string, key: string, read: (row: number) => number): RowTest | string {
  if (!new RegExp(`^-?${NUMBER}$`, 'i').test(value)) return `${key}${sign} a number, as 5% or 1e-3, not “${value}”`;
  const limit = readNumber(value);
  return (row) => {
    const found = read(row);
    switch (sign) {
      case '>':
        return found > limit;
      case '<':
        return found < limit;
      case '>=':
        return found >= limit;
      case '<=':
        return found <= limit;
      default:
        return found === limit;
    }
  };
}

const UNITS: Readonly<Record<string, number>> = { '%': 0.01, k: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };

function readNumber(text: string): number {
  const unit = UNITS[text.at(-1) ?? ''];
  return unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit;
}
