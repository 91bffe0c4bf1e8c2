import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ModelDiffError } from '../../errors.ts';
import { quote } from '../../wording/quote.ts';
import { SHARD_SCRIPT } from './scripts.ts';

/** Whether the parts of a run were submitted to Slurm. */
export function isSubmitted(directory: string): boolean {
  return existsSync(join(directory, SHARD_SCRIPT));
}

/** The command that submits what a run lacks, and the report after it. */
export function resubmit(directory: string): string {
  return `model-diff submit slurm --run-dir ${quote(directory)}`;
}

/** An error of a run that is not complete, with the hint that fits how it was submitted. */
export function hintResubmit(error: unknown, directory: string): unknown {
  const isIncomplete = error instanceof ModelDiffError && (error.code === 'E_MISSING_PART' || error.code === 'E_INVALID_PART');
  if (!isIncomplete || !isSubmitted(directory)) return error;
  const { message, kind, code, path } = error;
  return new ModelDiffError(message, {
    kind,
    code,
    path,
    hint: `${resubmit(directory)} submits what is missing; --allow-partial reports what is there`,
    cause: error.cause,
  });
}
