/** Runs of numbers that are shown. */
const SHOWN = 50;

/** Rising numbers as `3,7-9`, the form in which schedulers take the indices of an array. */
export function listNumbers(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  const words = runs.slice(0, SHOWN).map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  return `${words.join(',')}${runs.length > SHOWN ? ',…' : ''}`;
}
