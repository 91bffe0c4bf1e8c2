import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { argumentError } from '../../errors.ts';
import { listNumbers } from '../../parts/list-numbers.ts';
import { partsStatus } from '../../parts/parts-status.ts';
import { planParts } from '../../parts/plan-parts.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { combineArguments } from '../slurm/combine-arguments.ts';
import type { SubmitFlags } from '../flags.ts';
import { hintDisjoint } from '../no-common-tensors.ts';
import { planOutputs, refuseStdin } from '../output.ts';
import { chooseConfigured } from '../parts/choose-configured.ts';
import { quote } from '../../wording/quote.ts';
import { applyFlags, type Session } from '../session.ts';
import { splitIntoArrays } from '../slurm/arrays.ts';
import { DEFAULT_MAX_ARRAY_SIZE, readMaxArraySize } from '../slurm/client.ts';
import { COMBINE_SCRIPT, SHARD_SCRIPT, type SlurmRun, writeCombineScript, writeShardScript } from '../slurm/scripts.ts';
import { spellCommands, type Submission, submitAll } from '../slurm/submission.ts';

/** `model-diff submit slurm [OLD NEW]`: plans, writes the scripts of both jobs and submits them; without checkpoints what is missing of a run. */
export async function runSubmit(session: Session, paths: readonly string[], flags: SubmitFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin(paths);
  const { runDir } = flags;
  if (runDir === undefined) throw argumentError('--run-dir is missing: a folder that all nodes see', 'such as --run-dir run/');
  const [old, newer] = paths;
  if (old === undefined || newer === undefined) {
    await submitRest(session, runDir, flags);
    return;
  }
  const { parts } = flags;
  if (parts === undefined) throw argumentError('--parts is missing: into how many parts?', 'such as -n 64');
  const run = describeRun(runDir, flags, paths);
  const scripts = { [SHARD_SCRIPT]: writeShardScript(run), [COMBINE_SCRIPT]: writeCombineScript(run) };
  if (flags.dryRun === true) {
    const numbers = Array.from({ length: parts }, (_, at) => at + 1);
    const size = await readMaxArraySize().catch(() => DEFAULT_MAX_ARRAY_SIZE);
    await print(session, scripts, describeSubmission(runDir, numbers, size, flags));
    return;
  }
  const size = await readMaxArraySize();
  const options = chooseConfigured(session, flags, paths);
  await planParts(old, newer, runDir, { ...options, parts, signal: session.signal }).catch(async (error: unknown) => {
    throw await hintDisjoint(session, { old, new: newer }, flags, error);
  });
  mkdirSync(join(runDir, 'logs'), { recursive: true });
  for (const [name, text] of Object.entries(scripts)) await writeFile(join(runDir, name), text);
  await submitMissing(session, runDir, size, flags);
}

/** Submits again what a run lacks, by the scripts that were written for it. */
async function submitRest(session: Session, runDir: string, flags: SubmitFlags): Promise<void> {
  if (!existsSync(join(runDir, SHARD_SCRIPT)))
    throw argumentError(
      `${join(runDir, SHARD_SCRIPT)} does not exist`,
      'the first time, name both checkpoints: model-diff submit slurm OLD NEW -n PARTS --run-dir FOLDER',
    );
  const size = await readMaxArraySize();
  if (flags.dryRun === true)
    await print(session, {}, describeSubmission(runDir, await listMissing(session, runDir), size, flags));
  else await submitMissing(session, runDir, size, flags);
}

async function submitMissing(session: Session, runDir: string, maxArraySize: number, flags: SubmitFlags): Promise<void> {
  const missing = await listMissing(session, runDir);
  const { arrays, combine } = await submitAll(describeSubmission(runDir, missing, maxArraySize, flags));
  if (flags.quiet === true) return;
  const folder = quote(runDir);
  const logs = quote(join(runDir, 'logs', `combine-${combine}.out`));
  const lines = [
    missing.length === 0
      ? `All parts are there; the report is job ${combine}.`
      : `Submitted ${missing.length === 1 ? 'part' : 'parts'} ${listNumbers(missing)} as ${formatNoun(arrays.length, 'array')}: ${arrays.join(', ')}. The report is job ${combine}.`,
    '',
    `  squeue -j ${[...arrays, combine].join(',')}   what waits and runs`,
    `  model-diff status ${folder}   which parts are done`,
    `  cat ${logs}   the report, or what is missing`,
    `  model-diff submit slurm --run-dir ${folder}   submit again what is missing`,
    '',
  ];
  session.stdout.write(lines.map(escapeTerminal).join('\n'));
}

async function listMissing(session: Session, runDir: string): Promise<number[]> {
  const { parts } = await partsStatus(runDir, { signal: session.signal });
  return parts.filter(({ state }) => state !== 'done').map(({ part }) => part);
}

function describeSubmission(
  runDir: string,
  shards: readonly number[],
  maxArraySize: number,
  { maxParallel }: SubmitFlags,
): Submission {
  const folder = resolve(runDir);
  return {
    shardScript: join(folder, SHARD_SCRIPT),
    combineScript: join(folder, COMBINE_SCRIPT),
    arrays: splitIntoArrays(shards, maxArraySize),
    maxParallel: maxParallel ?? null,
  };
}

function describeRun(runDir: string, flags: SubmitFlags, inputs: readonly string[]): SlurmRun {
  planOutputs(flags, inputs);
  return {
    runDir: resolve(runDir),
    node: process.execPath,
    cli: realpathSync(process.argv[1] ?? ''),
    cpus: flags.cpus ?? 8,
    memory: flags.mem ?? '4G',
    time: flags.time ?? null,
    partition: flags.partition ?? null,
    stagger: flags.stagger ?? 0,
    sbatchArgs: flags.sbatchArg ?? [],
    combineArgs: combineArguments(flags),
  };
}

async function print(session: Session, scripts: Readonly<Record<string, string>>, submission: Submission): Promise<void> {
  const blocks = Object.entries(scripts).map(([name, text]) => `# ${name}\n${text}`);
  const commands = (await spellCommands(submission)).map((line) => `${line}\n`).join('');
  session.stdout.write([...blocks, `# then\n${commands}`].join('\n'));
}
