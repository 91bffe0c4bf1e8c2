import { argumentError } from './errors.ts';

/** Names longer than this many characters match no pattern; no real tensor has one. */
const LONGEST_NAME = 4096;

/** One step of a compiled pattern: any run of characters, or one character of a kind. */
type Step = 'any' | ((char: string) => boolean);

/**
 * Compiles glob patterns to a test of tensor names: `*` any run of characters (dots too), `?` one character, `[a-z]` and
 * `[!a-z]` one of a set, `{a,b}` alternatives, everything else itself. Matching takes time proportional to the lengths of
 * the name and the pattern, whatever they hold.
 *
 * @param option the option that the patterns are of, for the message
 * @throws `ModelDiffError` of kind `Argument` for a set without an end.
 */
export function compileGlobs(patterns: readonly string[], option: string): (name: string) => boolean {
  for (const pattern of patterns) requireClosedSets(pattern, option);
  const compiled = patterns.flatMap(expandBraces).map(parseSteps);
  return (name) => name.length <= LONGEST_NAME && compiled.some((steps) => matchSteps(steps, name));
}

/** `a{b,c}d` to `abd` and `acd`, outermost braces first; braces without a comma or an end stand for themselves. */
function expandBraces(pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/su.exec(pattern);
  if (found === null) return [pattern];
  const [, before = '', choices = '', after = ''] = found;
  return choices.split(',').flatMap((choice) => expandBraces(before + choice + after));
}

function requireClosedSets(pattern: string, option: string): void {
  for (let at = pattern.indexOf('['); at >= 0; at = pattern.indexOf('[', at + 1)) {
    const end = pattern.indexOf(']', at + 2);
    if (end < 0)
      throw argumentError(
        `${option} has the pattern ${JSON.stringify(pattern)} with an open bracket: expected a ] behind the [ at character ${at + 1}`,
        'a set of characters is written [abc], and the character [ itself [[]',
      );
    at = end;
  }
}

function parseSteps(pattern: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    const end = char === '[' ? pattern.indexOf(']', at + 2) : -1;
    if (char === '*') {
      if (steps.at(-1) !== 'any') steps.push('any');
    } else if (char === '?') {
      steps.push(() => true);
    } else if (end > 0) {
      steps.push(parseSet(pattern.slice(at + 1, end)));
      at = end;
    } else {
      steps.push((other) => other === char);
    }
  }
  return steps;
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

/** Greedy with one point to come back to: the last `*` is the only one that ever has to take more. */
function matchSteps(steps: readonly Step[], name: string): boolean {
  let step = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = steps[step];
    if (current === 'any') {
      star = step++;
      starAt = at;
    } else if (current?.(name.charAt(at)) === true) {
      step++;
      at++;
    } else if (star >= 0) {
      step = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (steps[step] === 'any') step++;
  return step === steps.length;
}
