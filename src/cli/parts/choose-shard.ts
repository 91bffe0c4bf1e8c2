import { argumentError } from '../../errors.ts';

/** One part of a comparison; how many there are only where that was said. */
export interface ChosenShard {
  readonly part: number;
  readonly of: number | null;
}

/** Variables with the index of a task, in the order in which they are asked, and what they call the first one. */
const SCHEDULERS: readonly (readonly [variable: string, first: 0 | 1])[] = [
  ['SLURM_ARRAY_TASK_ID', 1],
  ['JOB_COMPLETION_INDEX', 0],
  ['AWS_BATCH_JOB_ARRAY_INDEX', 0],
  ['CI_NODE_INDEX', 1],
  ['BATCH_TASK_INDEX', 0],
  ['TEST_SHARD_INDEX', 0],
];

/** Names the part that this process is to compare, in place of the scheduler. */
const OWN = 'MODEL_DIFF_SHARD';
/** What is added to the scheduler's index, where one array holds not all parts. */
const OFFSET = 'MODEL_DIFF_SHARD_OFFSET';

/**
 * What `--shard` asks for: `3/64`, `3` with a plan that says of how many, or `auto`, by the scheduler's variables. How many there are is
 * never taken from the scheduler, which knows only what was submitted this time.
 *
 * @throws ModelDiffError `E_ARGUMENT`
 */
export function chooseShard(text: string, env: NodeJS.ProcessEnv): ChosenShard {
  if (text !== 'auto') return parseShard(text, '--shard');
  const own = env[OWN];
  if (own !== undefined && own !== '') return parseShard(own, OWN);
  for (const [variable, first] of SCHEDULERS) {
    const value = env[variable];
    if (value === undefined || value === '') continue;
    const offset = env[OFFSET] === undefined || env[OFFSET] === '' ? 0 : parseIndex(env[OFFSET], OFFSET, 0);
    return { part: parseIndex(value, variable, first) + 1 - first + offset, of: null };
  }
  throw argumentError(
    '--shard auto: no scheduler says which part this is',
    `set ${OWN}, as in ${OWN}=3/64, or run it in an array of Slurm, an indexed Job of Kubernetes, or AWS Batch`,
  );
}

function parseShard(text: string, where: string): ChosenShard {
  const [, part, , of] = /^(\d{1,9})(\/(\d{1,9}))?$/.exec(text) ?? [];
  const chosen = { part: Number(part), of: of === undefined ? null : Number(of) };
  if (part === undefined || chosen.part < 1 || (chosen.of !== null && chosen.part > chosen.of))
    throw argumentError(`${where}: expected the number of a part and of how many, such as 3/64, found ${JSON.stringify(text)}`);
  return chosen;
}

function parseIndex(text: string, variable: string, first: number): number {
  const index = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (index >= first) return index;
  throw argumentError(`${variable}: expected a whole number from ${first}, found ${JSON.stringify(text)}`);
}
