/**
 * The language of the search box. All terms must hold, `-` before one turns it round: words in the name, globs (`layers.3?.mlp.*`, anywhere
 * in the name), `/expressions/`, and conditions (`is:nan`, `dtype:bf16,f32`, `block:10-20`, `module:q_proj`, `rel>5%`, `elements:1M-2M`).
 */
import { blockAt, moduleAt, NOWHERE, type PageTensors, placeAt, STATUSES, statusAt } from '../data/page-tensors.ts';
import { splitTerms } from './terms.ts';
import { countNonfinite, findQuantity, QUANTITIES, readRelative } from './quantities.ts';

/** Whether a row is meant. */
export type RowTest = (row: number) => boolean;

/** What a text of the search box means. */
export interface Filter {
  readonly test: RowTest;
  /** What is wrong with it; '' for nothing. Terms that make no sense are left out of the test. */
  readonly problem: string;
}

/** A condition of words, by its key. */
type WordCondition = (tensors: PageTensors, value: string) => RowTest | string;

const STATES: Readonly<Record<string, (tensors: PageTensors, row: number) => boolean>> = {
  nan: (tensors, row) => countNonfinite(tensors, 'new', row) > 0 || countNonfinite(tensors, 'old', row) > 0,
  converted: ({ places }, row) =>
    places.oldDtype[row] !== places.newDtype[row] && places.oldDtype[row] !== NOWHERE && places.newDtype[row] !== NOWHERE,
  'from-zero': (tensors, row) => readRelative(tensors, row) === Infinity,
  ...Object.fromEntries(
    STATUSES.map((status) => [status, (tensors: PageTensors, row: number) => statusAt(tensors, row) === status] as const),
  ),
};

const CONDITIONS: Readonly<Record<string, WordCondition>> = {
  is: (tensors, value) => {
    const state = STATES[value];
    return state === undefined ? `is: one of ${Object.keys(STATES).join(', ')}` : (row) => state(tensors, row);
  },
  dtype:
    ({ places, dtypes }, value) =>
    (row) =>
      [places.oldDtype[row], places.newDtype[row]].some((at) => dtypes[at ?? NOWHERE]?.toLowerCase() === value.toLowerCase()),
  type:
    ({ places, types }, value) =>
    (row) =>
      types[places.type[row] ?? NOWHERE] === value,
  cause:
    ({ places, causes }, value) =>
    (row) =>
      causes[places.cause[row] ?? NOWHERE] === value,
  tower:
    ({ places, towers }, value) =>
    (row) =>
      towers[places.tower[row] ?? NOWHERE]?.name === value,
  stack: (tensors, value) => (row) => blockAt(tensors, row)?.stack === value,
  module: (tensors, value) => (row) => {
    const path = moduleAt(tensors, row)?.path;
    return path === value || path?.endsWith(`.${value}`) === true;
  },
  block: testBlock,
  layer: testBlock,
  expert: (tensors, value) =>
    testRange(value, 'expert', (row) => {
      const expert = placeAt(tensors, 'expert', row);
      return expert === NOWHERE ? Number.NaN : expert;
    }),
};

/** Blocks by number, or `none` for what is outside of them. */
function testBlock(tensors: PageTensors, value: string): RowTest | string {
  if (value === 'none') return (row) => blockAt(tensors, row) === null;
  return testRange(value, 'block', (row) => blockAt(tensors, row)?.depth ?? Number.NaN);
}

/** Reads a text of the search box. */
export function parseFilter(text: string, tensors: PageTensors): Filter {
  const tests: RowTest[] = [];
  let problem = '';
  for (const term of splitTerms(text)) {
    const isNegative = /^[-!]./.test(term);
    const test = parseTerm(isNegative ? term.slice(1) : term, tensors);
    if (typeof test === 'string') problem ||= test;
    else tests.push(isNegative ? (row) => !test(row) : test);
  }
  return { test: (row) => tests.every((test) => test(row)), problem };
}

/** Rows that a filter means. */
export function selectRows({ test }: Filter, { count }: PageTensors): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row += 1) if (test(row)) rows.push(row);
  return rows;
}

function parseTerm(term: string, tensors: PageTensors): RowTest | string {
  const pattern = /^\/(.+)\/$/.exec(term)?.[1];
  if (pattern !== undefined) return parseExpression(pattern, tensors);
  const [, key = '', sign = '', quoted = ''] = /^([a-z_]+)(:|>=|<=|=|>|<)(.*)$/i.exec(term) ?? [];
  const value = quoted.replaceAll('"', '');
  if (sign === '=' && key === 'module') return anyOf(value, (path) => (row) => moduleAt(tensors, row)?.path === path);
  if (sign === ':' && Object.hasOwn(CONDITIONS, key)) return anyOf(value, (one) => CONDITIONS[key]?.(tensors, one) ?? '');
  const quantity = findQuantity(key);
  if (quantity !== undefined) {
    const read: (row: number) => number = (row) => quantity.read(tensors, row);
    return sign === ':' ? testRange(value, key, read) : testSign(sign, value, key, read);
  }
  if (sign !== '') {
    const keys = [...Object.keys(CONDITIONS), ...QUANTITIES.map((known) => known.key)];
    return `there is no “${key}”: ${keys.join(', ')}`;
  }
  const word = term.replaceAll('"', '');
  if (/[*?[\]{}]/.test(word)) return parseGlob(word, tensors);
  const small = word.toLowerCase();
  return (row) => tensors.names[row]?.toLowerCase().includes(small) === true;
}

/** Values with commas between them: one of them is enough. */
function anyOf(values: string, test: (value: string) => RowTest | string): RowTest | string {
  const tests = values.split(',').map(test);
  const problem = tests.find((one) => typeof one === 'string');
  if (problem !== undefined) return problem;
  return (row) => tests.some((one) => typeof one === 'function' && one(row));
}

function parseExpression(pattern: string, { names }: PageTensors): RowTest | string {
  try {
    const expression = new RegExp(pattern, 's');
    return (row) => expression.test(names[row] ?? '');
  } catch (error) {
    return String(error);
  }
}

/** As `--include` has them, but anywhere in the name; the reader's own pattern may take its time. */
function parseGlob(glob: string, tensors: PageTensors): RowTest | string {
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
function testRange(value: string, key: string, read: (row: number) => number): RowTest | string {
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
