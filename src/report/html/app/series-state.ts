/** What the reader of a series has chosen, in the words in which the address has it. */
export interface SeriesState {
  /** Text of the search box. */
  readonly q: string;
  /** Key of a column, and `desc` or `asc`. */
  readonly sort: string;
  /** Number of the step that the table shows; '' for the last one. */
  readonly step: string;
  /** What the rows of the map are; '' for what they are at first. */
  readonly by: string;
  /** `all` where the map has all of its rows. */
  readonly rows: string;
}

export const FIRST_SERIES_STATE: SeriesState = { q: '', sort: 'start:desc', step: '', by: '', rows: '' };

/** The step that is chosen, from 1 on. */
export function readStep({ step }: SeriesState, steps: number): number {
  const chosen = Number(step);
  return chosen >= 1 && chosen <= steps ? Math.floor(chosen) : steps;
}
