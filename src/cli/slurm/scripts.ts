import { join } from 'node:path';
import { argumentError } from '../../errors.ts';
import { quote } from '../../wording/quote.ts';

/** Names of the scripts in the folder of a run. */
export const SHARD_SCRIPT = 'shards.sbatch';
export const COMBINE_SCRIPT = 'combine.sbatch';

/** Times that a part goes back into the queue at the end of its time. */
const MOST_RESTARTS = 3;

/** What the jobs of a run ask Slurm for, and what they call. */
export interface SlurmRun {
  /** Folder of the run, absolute: all nodes see it under this name. */
  readonly runDir: string;
  /** Node and the program, absolute. */
  readonly node: string;
  readonly cli: string;
  readonly cpus: number;
  /** As `--mem` takes it. */
  readonly memory: string;
  /** As `--time` takes it; null for the partition's default. */
  readonly time: string | null;
  readonly partition: string | null;
  /** Seconds over which the starts of the tasks are spread. */
  readonly stagger: number;
  /** Further options of sbatch, for all jobs. */
  readonly sbatchArgs: readonly string[];
  /** Arguments of `model-diff combine` after the folder. */
  readonly combineArgs: readonly string[];
}

/** The script of the array: its argument is what is added to the index, 0 if there is none. */
export function writeShardScript(run: SlurmRun): string {
  const spread = run.stagger > 0 ? [`sleep $((RANDOM % ${run.stagger}))`] : [];
  return spellScript([
    ...directives(run, 'model-diff', [
      `--cpus-per-task=${run.cpus}`,
      '--requeue',
      '--signal=B:USR1@60',
      `--output=${logs(run, '%A_%a.out')}`,
    ]),
    '# Does one part. Again by hand: sbatch --array=3,7 THIS_FILE (see model-diff status)',
    // Shortly before the time limit: back into the queue, but not for ever.
    'requeue() {',
    '  kill "$child" 2>/dev/null',
    `  if [ "\${SLURM_RESTART_COUNT:-0}" -ge ${MOST_RESTARTS} ]; then`,
    `    echo 'out of time again, after ${MOST_RESTARTS} restarts: ask for more time, or for smaller parts' >&2`,
    '    exit 2',
    '  fi',
    '  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
    '  exit 0',
    '}',
    'trap requeue USR1',
    'export MODEL_DIFF_SHARD_OFFSET="${1:-0}"',
    '# Slurm hands on the environment of the submission, where it would go before the index of the task.',
    'unset MODEL_DIFF_SHARD',
    ...spread,
    `${call(run)} --shard auto --run-dir ${quoteWord(run.runDir)} --threads "\${SLURM_CPUS_PER_TASK:-${run.cpus}}" &`,
    'child=$!',
    'wait "$child"',
  ]);
}

/** The script of the job that puts the parts together. It runs whatever became of them, and says what is missing. */
export function writeCombineScript(run: SlurmRun): string {
  return spellScript([
    ...directives(run, 'model-diff-combine', [
      `--cpus-per-task=${run.cpus}`,
      '--requeue',
      `--output=${logs(run, 'combine-%j.out')}`,
    ]),
    [call(run), 'combine', ...[run.runDir, ...run.combineArgs].map(quoteWord)].join(' '),
  ]);
}

function directives(run: SlurmRun, name: string, own: readonly string[]): string[] {
  const options = [
    `--job-name=${name}`,
    '--open-mode=append',
    `--mem=${run.memory}`,
    ...(run.time === null ? [] : [`--time=${run.time}`]),
    ...(run.partition === null ? [] : [`--partition=${run.partition}`]),
    ...own,
    ...run.sbatchArgs,
  ];
  return options.map((option) => `#SBATCH ${spellDirective(option)}`);
}

function spellScript(lines: readonly string[]): string {
  return ['#!/bin/bash', ...lines, ''].join('\n');
}

function call({ node, cli }: SlurmRun): string {
  return `${quoteWord(node)} ${quoteWord(cli)}`;
}

/** For the shell of the cluster, wherever the script is written. */
function quoteWord(word: string): string {
  return quote(word, 'linux');
}

/** A file among the logs of a run. Slurm replaces what follows a `%` in its name, so those of the folder are doubled. */
function logs(run: SlurmRun, name: string): string {
  return join(run.runDir.replaceAll('%', '%%'), 'logs', name);
}

/** An option as a line of the script holds it. */
function spellDirective(option: string): string {
  if (/[\n\r\0]/u.test(option)) throw argumentError(`an option of sbatch holds a line break: ${JSON.stringify(option)}`);
  if (!/[\s"'#\\]/u.test(option)) return option;
  return `"${option.replaceAll(/["\\]/gu, (character) => `\\${character}`)}"`;
}
