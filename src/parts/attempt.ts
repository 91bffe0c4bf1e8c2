/** Variables in which schedulers count how often a job was started, and what the first time is called. */
const VARIABLES: readonly (readonly [name: string, first: number])[] = [
  ['SLURM_RESTART_COUNT', 0],
  ['AWS_BATCH_JOB_ATTEMPT', 1],
  ['BATCH_TASK_RETRY_ATTEMPT', 0],
];

/** How often the job at work was started again: 0 the first time, and where no scheduler says. */
export function readAttempt(env: NodeJS.ProcessEnv = process.env): number {
  for (const [name, first] of VARIABLES) {
    const text = env[name] ?? '';
    if (/^\d{1,9}$/.test(text)) return Math.max(0, Number(text) - first);
  }
  return 0;
}
