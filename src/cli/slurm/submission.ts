import { ModelDiffError } from '../../errors.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { quote } from '../../wording/quote.ts';
import type { ArrayJob } from './arrays.ts';
import { afterArguments, arrayArguments, submitJob } from './client.ts';

/** What is submitted: the scripts, and which parts. */
export interface Submission {
  readonly shardScript: string;
  readonly combineScript: string;
  readonly arrays: readonly ArrayJob[];
  /** Tasks at a time; null for as many as there is room for. */
  readonly maxParallel: number | null;
}

/** Numbers of the jobs that were submitted. */
export interface SubmittedJobs {
  readonly arrays: readonly string[];
  readonly combine: string;
}

/**
 * Submits the arrays, and after them the job that combines. Where the tasks at a time are limited, one array waits for the end of the one before.
 * @param submit how: tells the number of the job
 * @throws ModelDiffError that says what was submitted before
 */
export async function submitAll(submission: Submission, submit: typeof submitJob = submitJob): Promise<SubmittedJobs> {
  const { shardScript, combineScript, maxParallel } = submission;
  const arrays: string[] = [];
  try {
    for (const array of submission.arrays) {
      const after = maxParallel === null ? null : (arrays.at(-1) ?? null);
      arrays.push(await submit(arrayArguments(shardScript, array, maxParallel, after)));
    }
    return { arrays, combine: await submit(afterArguments(combineScript, arrays)) };
  } catch (error) {
    if (arrays.length === 0 || !(error instanceof ModelDiffError)) throw error;
    throw new ModelDiffError(
      `${error.message}; before that ${formatNoun(arrays.length, 'job')} went into the queue: ${arrays.join(', ')}`,
      {
        kind: error.kind,
        code: error.code,
        hint: `scancel ${arrays.join(' ')} takes back what is queued`,
        cause: error,
      },
    );
  }
}

/** The same as commands of a shell, which name the jobs before by variables. */
export async function spellCommands(submission: Submission): Promise<string[]> {
  const lines: string[] = [];
  await submitAll(submission, (args) => {
    const name = `job${lines.length + 1}`;
    const words = args.map((word) => (/\$job/u.test(word) ? word : quote(word, 'linux')));
    lines.push(`${name}=$(sbatch ${words.join(' ')})`);
    return Promise.resolve(`$${name}`);
  });
  return lines;
}
