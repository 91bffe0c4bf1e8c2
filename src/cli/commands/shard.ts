import { argumentError, ModelDiffError } from '../../errors.ts';
import { comparePart } from '../../parts/compare-part.ts';
import { readPlan } from '../../parts/plan-file.ts';
import type { ComparePartOptions, MovedInputs } from '../../parts/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { quote } from '../../wording/quote.ts';
import { refuseInside } from '../checkpoint-files.ts';
import { formatSeconds } from '../describe-run.ts';
import type { DiffFlags } from '../flags.ts';
import { hintDisjoint } from '../no-common-tensors.ts';
import { findFlag } from '../option-flags.ts';
import { refuseStdin } from '../output.ts';
import { chooseConfigured } from '../parts/choose-configured.ts';
import { chooseMoved } from '../parts/choose-moved.ts';
import { type ChosenShard, chooseShard } from '../parts/choose-shard.ts';
import { ProgressLine } from '../progress.ts';
import { applyFlags, log, type Session } from '../session.ts';

/** Flags of what comes after a comparison: a part has no result of its own. */
const OF_THE_RESULT = [
  'format',
  'json',
  'output',
  'top',
  'metricsJson',
  'htmlDetail',
  'failOn',
  'allowNonfinite',
  'exitCode',
  'includeUnchanged',
  'histogram',
] as const;

/** Flags that have a meaning where the plan says how to compare. */
const OF_THE_RUN: ReadonlySet<string> = new Set([
  'shard',
  'runDir',
  'parts',
  'force',
  'threads',
  'progress',
  'color',
  'ascii',
  'quiet',
  'verbose',
  'provenance',
  'autoPrefix',
  'old',
  'new',
  'adapterOld',
  'adapterNew',
]);

/** `model-diff [OLD NEW] --shard I/N --run-dir RUN`: compares one part and keeps what it measured. */
export async function runShard(session: Session, paths: readonly string[], flags: DiffFlags): Promise<void> {
  applyFlags(session, flags);
  const { shard = 'auto', runDir } = flags;
  if (runDir === undefined)
    throw argumentError('--shard needs --run-dir, the folder that the parts are kept in', 'such as --run-dir run/');
  const asked = OF_THE_RESULT.find((name) => flags[name] !== undefined);
  if (asked !== undefined)
    throw argumentError(
      `${findFlag(asked)} makes no sense with --shard: a part has no report`,
      `give it to model-diff combine ${quote(runDir)}`,
    );
  if (flags.headersOnly === true)
    throw argumentError('--headers-only has no parts: it reads no values, and is done at once', 'leave out --shard');
  const chosen = chooseShard(shard, session.env);
  const plan = await choosePlan(session, paths, flags, chosen);
  const progress = new ProgressLine(session, flags, false);
  const compared = comparePart(runDir, chosen.part, {
    ...plan,
    ...(flags.threads !== undefined && { threads: flags.threads }),
    force: flags.force === true,
    signal: session.signal,
    onProgress: progress.update,
  });
  const done = await compared.catch(async (error: unknown) => {
    const [old, newer] = paths;
    throw old === undefined || newer === undefined ? error : await hintDisjoint(session, { old, new: newer }, flags, error);
  });
  if (flags.quiet === true) return;
  const which = `Part ${done.part} of ${done.of}`;
  const path = escapeTerminal(done.path);
  log(
    session,
    done.wasComplete
      ? `${which} is already complete: ${path}`
      : `${which}: compared ${formatBytes(done.bytes)} in ${formatSeconds(process.uptime())}: ${path}`,
  );
}

/** What to plan where nobody has; nothing where the folder's own plan is to be taken. */
async function choosePlan(
  session: Session,
  [oldPath, newPath]: readonly string[],
  flags: DiffFlags,
  { of }: ChosenShard,
): Promise<Pick<ComparePartOptions, 'plan' | keyof MovedInputs>> {
  if (oldPath === undefined || newPath === undefined) {
    const fixed = Object.keys(flags).find((name) => !OF_THE_RUN.has(name) && !(name === 'config' && flags.config === false));
    if (fixed === undefined && flags.autoPrefix) {
      await requireParts(flags, of);
      return chooseMoved(flags);
    }
    throw argumentError(
      `${findFlag(fixed ?? 'autoPrefix')} is what a plan fixes, and cannot be given to a part`,
      'give it to model-diff plan, or give both checkpoints too: then it is held against the plan',
    );
  }
  const moved = flags.old === undefined ? (flags.new === undefined ? null : '--new') : '--old';
  if (moved !== null)
    throw argumentError(`${moved} says where a checkpoint of a plan lies, and both are named already`, 'leave out one of both');
  refuseStdin([oldPath, newPath]);
  refuseInside(flags.runDir ?? '', [oldPath, newPath]);
  const parts = flags.parts ?? of ?? (await readPlan(flags.runDir ?? ''))?.parts.length;
  if (parts === undefined)
    throw argumentError(
      'of how many parts? --shard says only which one, and the folder has no plan yet',
      'add -n 64, or plan first and leave out the checkpoints',
    );
  if (of !== null && of !== parts) throw argumentError(`--shard says ${of} parts, and --parts ${parts}`);
  const options = chooseConfigured(session, flags, [oldPath, newPath]);
  return { plan: { old: oldPath, new: newPath, options: { ...options, parts } } };
}

/** That the plan of the folder has as many parts as the call says, where it says so. */
async function requireParts({ runDir = '', parts }: DiffFlags, of: number | null): Promise<void> {
  const asked = parts ?? of;
  if (asked === null) return;
  const plan = await readPlan(runDir);
  if (plan === null || plan.parts.length === asked) return;
  throw new ModelDiffError(`the plan of ${runDir} has ${formatNoun(plan.parts.length, 'part')}, not ${asked}`, {
    kind: 'Mismatch',
    code: 'E_PLAN_MISMATCH',
    path: runDir,
    hint: `number the parts 1 to ${plan.parts.length}, or plan again in another folder`,
  });
}
