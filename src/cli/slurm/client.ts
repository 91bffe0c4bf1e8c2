import { execFile } from 'node:child_process';
import { ModelDiffError } from '../../errors.ts';
import type { ArrayJob } from './arrays.ts';

/** Slurm's own default of `MaxArraySize`, for who asks where Slurm is not. */
export const DEFAULT_MAX_ARRAY_SIZE = 1001;

/** One more than the largest index that this cluster takes for an array. */
export async function readMaxArraySize(): Promise<number> {
  const [, size] = /^MaxArraySize\s*=\s*(\d+)/mu.exec(await callSlurm('scontrol', ['show', 'config'])) ?? [];
  return size === undefined ? DEFAULT_MAX_ARRAY_SIZE : Number(size);
}

/** Submits a job. @param args of sbatch @returns its number */
export async function submitJob(args: readonly string[]): Promise<string> {
  const printed = await callSlurm('sbatch', args);
  // Of several clusters the number is followed by the name of one.
  const [job = ''] = printed.trim().split(';');
  if (/^\d+$/u.test(job)) return job;
  throw systemError(`sbatch printed no job number: ${printed.trim().slice(0, 200)}`);
}

/**
 * Arguments of sbatch for an array.
 * @param after the job that has to end first, however it ends; null for none
 */
export function arrayArguments(
  script: string,
  { offset, indices }: ArrayJob,
  maxParallel: number | null,
  after: string | null,
): string[] {
  return [
    '--parsable',
    `--array=${indices}${maxParallel === null ? '' : `%${maxParallel}`}`,
    ...(after === null ? [] : [`--dependency=afterany:${after}`]),
    script,
    `${offset}`,
  ];
}

/**
 * Arguments of sbatch for the job that combines. It waits for the end of the arrays, not for their success: `afterok` gives up on a job whose task
 * failed once, though it was put back into the queue and done.
 */
export function afterArguments(script: string, arrays: readonly string[]): string[] {
  const after = arrays.length === 0 ? [] : [`--dependency=afterany:${arrays.join(':')}`, '--kill-on-invalid-dep=yes'];
  return ['--parsable', ...after, script];
}

async function callSlurm(program: 'sbatch' | 'scontrol', args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'utf8', maxBuffer: 16 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(systemError(`${program} is not installed here`, { cause: error, hint: WHERE }));
      else reject(systemError(`${program} failed: ${(stderr.trim() || error.message).slice(0, 2000)}`, { cause: error }));
    });
  });
}

const WHERE = 'run this where jobs are submitted to Slurm; --dry-run prints the scripts anywhere';

function systemError(message: string, details: { readonly cause?: Error; readonly hint?: string } = {}): ModelDiffError {
  return new ModelDiffError(message, { kind: 'Io', code: 'E_IO', ...details });
}
