/**
 * Sets of blocks and of experts: how much there is to remember of one, and its words. Positions are indices into the ascending numbers
 * of a whole stack, so that a gap in the numbering is no gap in a range.
 */

/** Numbers of one kind, as `block`. */
export interface Numbering {
  readonly noun: string;
  /** All numbers there are, ascending. */
  readonly all: readonly number[];
  /** What a number is called beside itself, as `layer 2.1`; null where nothing. */
  readonly aliasOf?: (number: number) => string | null;
}

/** Runs of neighbouring positions. */
type Run = readonly [from: number, to: number];

/** From this many runs on they are not listed, and a set costs no more. */
const MOST_RUNS = 5;
/** A progression has at least this many members. */
const SHORTEST_PROGRESSION = 3;
/** Nothing but one, from so many on, is told by the one. */
const MANY = 4;

const ORDINALS = ['', '', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

/** What there is to remember of a set of positions among `total`: 0 for all, and one for each run, step or hole. */
export function sizeOfSet(positions: readonly number[], total: number): number {
  if (positions.length === total) return 0;
  if (readStep(positions) !== null) return 1.25;
  const runs = findRuns(positions).length;
  return Math.min(runs, isTold(positions, total) ? 0.75 + findRuns(findHoles(positions, total)).length : MOST_RUNS + 1);
}

/** A set with its noun: `block 7`, `blocks 8–31`, `all blocks but 7`, `every fifth block (0, 5, … 95)`, `all 6 blocks`. */
export function nameSet({ noun, all, aliasOf }: Numbering, positions: readonly number[]): string {
  const numberAt = (position: number): number => all[position] ?? position;
  const alias = (position: number): string => {
    const text = aliasOf?.(numberAt(position)) ?? null;
    return text === null ? '' : ` (${text})`;
  };
  const list = (places: readonly number[]): string => {
    const runs = findRuns(places);
    const [first] = runs;
    const last = runs.at(-1);
    if (runs.length > MOST_RUNS && first !== undefined && last !== undefined)
      return `${runs.slice(0, 3).map(spell).join(', ')}, … ${spell(last)}`;
    return joinRuns(runs.map(spell));
  };
  const spell = ([from, to]: Run): string => (from === to ? String(numberAt(from)) : `${numberAt(from)}–${numberAt(to)}`);
  const [only = 0] = positions;
  if (positions.length === all.length) return nameAll(noun, all.length);
  if (positions.length === 1) return `${noun} ${numberAt(only)}${alias(only)}`;
  const step = readStep(positions);
  if (step !== null) return nameProgression(noun, positions, step, all.length, numberAt);
  const holes = findHoles(positions, all.length);
  if (isTold(positions, all.length) && findRuns(holes).length < findRuns(positions).length)
    return `all ${noun}s but ${list(holes)}${holes.length === 1 ? alias(holes[0] ?? 0) : ''}`;
  const runs = findRuns(positions);
  const isLong = runs.length > MOST_RUNS;
  if (isLong) return `${positions.length} of ${all.length} ${noun}s (${list(positions)})`;
  const [run] = runs;
  const isRun = runs.length === 1 && run !== undefined && alias(run[0]) !== '';
  const text = positions.length === 2 ? positions.map(numberAt).join(' and ') : list(positions);
  return `${noun}s ${text}${isRun ? ` (${aliasOf?.(numberAt(run[0])) ?? ''} to ${aliasOf?.(numberAt(run[1])) ?? ''})` : ''}`;
}

function nameAll(noun: string, count: number): string {
  if (count === 1) return `the only ${noun}`;
  return count === 2 ? `both ${noun}s` : `all ${count} ${noun}s`;
}

function nameProgression(
  noun: string,
  positions: readonly number[],
  step: number,
  total: number,
  numberAt: (position: number) => number,
): string {
  const [first = 0, second = 0] = positions;
  const last = positions.at(-1) ?? first;
  const which = step === 2 ? 'every other' : `every ${ORDINALS[step] ?? `${step}th`}`;
  const members = positions.length > 4 ? [first, second].map(numberAt).join(', ') : positions.map(numberAt).join(', ');
  const rest = positions.length > 4 ? `, … ${numberAt(last)}` : '';
  const isWhole = first < step && last + step >= total;
  return isWhole ? `${which} ${noun} (${members}${rest})` : `${which} ${noun} from ${numberAt(first)} to ${numberAt(last)}`;
}

/** Common distance of the members, two or more; null where they have none. */
function readStep(positions: readonly number[]): number | null {
  const [first = 0, second = 0] = positions;
  const step = second - first;
  if (positions.length < SHORTEST_PROGRESSION || step < 2) return null;
  return positions.every((position, at) => position === first + at * step) ? step : null;
}

/** Whether a set is better told by its holes. */
function isTold(positions: readonly number[], total: number): boolean {
  return total >= MANY && positions.length > total / 2;
}

function findHoles(positions: readonly number[], total: number): number[] {
  const inside = new Set(positions);
  return Array.from({ length: total }, (_, position) => position).filter((position) => !inside.has(position));
}

function findRuns(positions: readonly number[]): Run[] {
  const runs: [number, number][] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === position - 1) last[1] = position;
    else runs.push([position, position]);
  }
  return runs;
}

function joinRuns(runs: readonly string[]): string {
  return runs.length < 2 ? runs.join('') : `${runs.slice(0, -1).join(', ')} and ${runs.at(-1) ?? ''}`;
}
