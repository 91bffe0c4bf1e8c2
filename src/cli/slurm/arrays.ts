/** One call of `sbatch --array`. Task `index` does shard `offset + index`. */
export interface ArrayJob {
  readonly offset: number;
  /** Indices as Slurm writes them: `1-4,7`. */
  readonly indices: string;
  readonly tasks: number;
}

/**
 * Array jobs that together do some shards. Each begins at a multiple of the largest index, so that a shard has the same place in every submission.
 *
 * @param shards their numbers, from 1, rising
 * @param maxArraySize Slurm's `MaxArraySize`: one more than the largest index that it takes
 */
export function splitIntoArrays(shards: readonly number[], maxArraySize: number): ArrayJob[] {
  const largest = Math.max(1, maxArraySize - 1);
  const byOffset = new Map<number, number[]>();
  for (const shard of shards) {
    const offset = Math.floor((shard - 1) / largest) * largest;
    const indices = byOffset.get(offset) ?? [];
    indices.push(shard - offset);
    byOffset.set(offset, indices);
  }
  return [...byOffset].map(([offset, indices]) => ({ offset, indices: spellRanges(indices), tasks: indices.length }));
}

function spellRanges(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const current = ranges.at(-1);
    if (current !== undefined && current[1] === number - 1) current[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
