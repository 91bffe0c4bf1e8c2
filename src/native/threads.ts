import { availableParallelism } from 'node:os';
import { argumentError } from '../errors.ts';

/** The number of worker threads to use: what was asked for, `MODEL_DIFF_THREADS`, or one a core. */
export function threadCount(threads: number | undefined): number {
  const variable = process.env['MODEL_DIFF_THREADS'];
  const wanted = threads ?? Number(variable ?? availableParallelism());
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 1024) {
    const [name, found] = threads === undefined ? ['MODEL_DIFF_THREADS', variable] : ['threads', threads];
    throw argumentError(`${name} must be a whole number from 1 to 1024, not ${String(found)}`);
  }
  return wanted;
}
