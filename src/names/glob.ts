import { argumentError } from '../errors.ts';

/** Names longer than this many characters match no pattern; no real tensor has one. */
const LONGEST_NAME = 4096;
/** Longer patterns are refused: with a long name one would take seconds. */
const LONGEST_PATTERN = 4096;

/**
 * Compiles glob patterns to a test of tensor names: `*` any run of characters (dots too), `?` one character, `[a-z]` and
 * `[!a-z]` one of a set, `{a,b}` alternatives, everything else itself. Alternatives may nest and are never expanded: matching takes
 * time proportional to the length of the name times that of the pattern, whatever they hold.
 *
 * @param option the option that the patterns are of, for the message
 * @throws `ModelDiffError` of kind `Argument` for a set without an end, or a pattern of more than 4,096 characters.
 */
export function compileGlobs(patterns: readonly string[], option: string): (name: string) => boolean {
  const compiled = patterns.map((pattern) => createMatcher(compile(pattern, option)));
  return (name) => name.length <= LONGEST_NAME && compiled.some((matches) => matches(name));
}

/** A step of a pattern: takes a character that passes the test, `any` number of times or once; without a test it takes none. */
interface Step {
  readonly test: ((char: string) => boolean) | null;
  readonly isAny: boolean;
  /** The steps that may come next. */
  readonly next: number[];
}

/** The steps of a pattern (Thompson's construction): the first one begins it, the last one ends it. */
function compile(pattern: string, option: string): readonly Step[] {
  if (pattern.length > LONGEST_PATTERN) {
    throw argumentError(
      `${option} has a pattern of ${pattern.length} characters: expected at most ${LONGEST_PATTERN}`,
      'give several shorter patterns',
      option,
    );
  }
  const steps: Step[] = [];
  /** Steps that lead to whatever comes next. */
  let open: readonly number[] = [];
  const add = (test: Step['test'], isAny = false): void => {
    const step = steps.push({ test, isAny, next: [] }) - 1;
    for (const from of open) steps[from]?.next.push(step);
    open = [step];
  };
  add(null);
  const signs = findBraces(pattern);
  /** Of each brace around this place: where it began, and the ends of its alternatives so far. */
  const braces: { readonly start: readonly number[]; readonly ends: number[] }[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    const sign = signs.get(at);
    if (sign === 'open') {
      braces.push({ start: open, ends: [] });
    } else if (sign === 'comma') {
      braces.at(-1)?.ends.push(...open);
      open = braces.at(-1)?.start ?? [];
    } else if (sign === 'close') {
      open = [...open, ...(braces.pop()?.ends ?? [])];
      add(null);
    } else if (char === '*') {
      if (steps.at(-1)?.isAny !== true || open[0] !== steps.length - 1) add(() => true, true);
    } else if (char === '?') {
      add(() => true);
    } else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) throw openBracket(pattern, at, option);
      add(parseSet(pattern.slice(at + 1, end)));
      at = end;
    } else {
      add((other) => other === char);
    }
  }
  add(null);
  return steps;
}

/** What the braces and commas of a pattern are; a brace without an end or a comma of its own stands for itself. */
function findBraces(pattern: string): ReadonlyMap<number, 'open' | 'comma' | 'close'> {
  const signs = new Map<number, 'open' | 'comma' | 'close'>();
  const open: { readonly at: number; readonly commas: number[] }[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === '[') {
      at = Math.max(at, pattern.indexOf(']', at + 2));
    } else if (char === '{') {
      open.push({ at, commas: [] });
    } else if (char === ',') {
      open.at(-1)?.commas.push(at);
    } else if (char === '}') {
      const brace = open.pop();
      if (brace === undefined || brace.commas.length === 0) continue;
      signs.set(brace.at, 'open').set(at, 'close');
      for (const comma of brace.commas) signs.set(comma, 'comma');
    }
  }
  return signs;
}

function openBracket(pattern: string, at: number, option: string): Error {
  return argumentError(
    `${option} has the pattern ${JSON.stringify(pattern)} with an open bracket: expected a ] after the [ at character ${at + 1}`,
    'a set of characters is written [abc], and the character [ itself [[]',
    option,
  );
}

function parseSet(body: string): (char: string) => boolean {
  const negated = body.startsWith('!') || body.startsWith('^');
  const ranges: [string, string][] = [];
  const chars = negated ? body.slice(1) : body;
  for (let at = 0; at < chars.length; at++) {
    const from = chars.charAt(at);
    const isRange = chars.charAt(at + 1) === '-' && at + 2 < chars.length;
    ranges.push([from, isRange ? chars.charAt(at + 2) : from]);
    if (isRange) at += 2;
  }
  return (char) => ranges.some(([from, to]) => char >= from && char <= to) !== negated;
}

/** Walks through a name with all the steps at once that may stand at a character. */
function createMatcher(steps: readonly Step[]): (name: string) => boolean {
  /** What is entered with each step: itself, and what follows where it may take no character. */
  const entered = steps.map((_, step) => Int32Array.from(reach(steps, step)));
  const last = steps.length - 1;
  const seen = new Int32Array(steps.length);
  let [active, following] = [new Int32Array(steps.length), new Int32Array(steps.length)];
  let count = 0;
  let turn = 0;
  const enter = (step: number): void => {
    const reached = entered[step] ?? NONE;
    for (let at = 0; at < reached.length; at += 1) {
      const index = reached[at] ?? 0;
      if (seen[index] === turn) continue;
      seen[index] = turn;
      following[count++] = index;
    }
  };
  /** Whether any step is left after a character. */
  const take = (char: string): boolean => {
    const before = count;
    [active, following] = [following, active];
    count = 0;
    turn += 1;
    for (let at = 0; at < before; at += 1) {
      const index = active[at] ?? 0;
      const step = steps[index];
      if (step?.test?.(char) !== true) continue;
      if (step.isAny) enter(index);
      else for (const next of step.next) enter(next);
    }
    return count > 0;
  };
  return (name) => {
    turn += 1;
    count = 0;
    enter(0);
    for (let at = 0; at < name.length; at += 1) if (!take(name.charAt(at))) return false;
    return following.subarray(0, count).includes(last);
  };
}

const NONE = new Int32Array();

/** The steps that are reached without a character. */
function reach(steps: readonly Step[], from: number): Iterable<number> {
  const reached = new Set([from]);
  for (const index of reached) {
    const step = steps[index];
    if (step !== undefined && (step.test === null || step.isAny)) for (const next of step.next) reached.add(next);
  }
  return reached;
}
