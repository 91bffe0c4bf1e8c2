/** When to do something that only suits a terminal. */
export type When = 'auto' | 'always' | 'never';

export const WHENS: readonly When[] = ['auto', 'always', 'never'];

/** When and how to tell progress. */
export type ProgressWhen = When | 'json';

export const PROGRESS_WHENS: readonly ProgressWhen[] = [...WHENS, 'json'];

/** What matters of a stream. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** Columns of a terminal; one that does not know says 0. */
export function readColumns({ columns }: Screen): number {
  return columns !== undefined && columns > 0 ? columns : 80;
}

/** Rows of a terminal; one that does not know says 0. */
export function readRows({ rows }: Screen): number {
  return rows !== undefined && rows > 0 ? rows : 24;
}

/** Whether to colour: `--color` before `NO_COLOR` before `FORCE_COLOR` before the terminal, and none on a dumb one or in CI. */
export function decideColor(when: When, screen: Screen, env: NodeJS.ProcessEnv): boolean {
  if (when !== 'auto') return when === 'always';
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
  return screen.isTTY === true && !isPlain(env);
}

/** Whether the environment says that nobody watches, or that the terminal can do nothing. */
export function isPlain(env: NodeJS.ProcessEnv): boolean {
  return env['TERM'] === 'dumb' || (isSet(env['CI']) && env['CI'] !== 'false');
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
