import { readFile } from 'node:fs/promises';
import { analyze } from '../../analysis/analyze.ts';
import { Comparison } from '../../comparison/comparison.ts';
import { readReport } from '../../report/json/parse.ts';
import { prepareReport } from '../../report/report.ts';
import { EXIT } from '../exit.ts';
import type { SavedFlags } from '../flags.ts';
import { settle } from '../interrupt.ts';
import { HOW_TO_MAKE } from '../option-flags.ts';
import { planOutputs } from '../output.ts';
import { describeSystemError } from '../../system-error.ts';
import { chooseFormat, deliver } from '../render.ts';
import { describeUnmatched, holdTo, isBroken, logBroken, planRules, tellsRules } from '../rules.ts';
import { applyFlags, log, type Session } from '../session.ts';
import { describeFailedTensors, spellTrouble } from '../trouble.ts';

/** `model-diff report`: writes reports of a saved result. */
export async function runReport(session: Session, path: string, flags: SavedFlags): Promise<void> {
  applyFlags(session, flags);
  const plan = await planRules(flags);
  const outputs = planOutputs(flags, []);
  const read = readReport(path === '-' ? await readStdin() : await readSaved(path, session.signal));
  await settle();
  session.signal.throwIfAborted();
  const comparison = flags.provenance ? read.comparison : Comparison.from({ ...read.comparison, provenance: null });
  // What the comparison was held to when it was made is shown; only what is asked for now decides the status.
  const asked = await holdTo(plan, comparison);
  const rules = plan.rules.length > 0 ? asked : read.rules;
  const unmatched = describeUnmatched(asked, comparison);
  // A gate does not pass what nobody could read.
  const failed = asked.length > 0 ? describeFailedTensors(comparison.summary.failedTensors) : [];
  const isTrouble = unmatched !== null || failed.length > 0;
  session.exitCode = isTrouble ? EXIT.trouble : isBroken(asked) ? EXIT.different : EXIT.done;
  if (!tellsRules(chooseFormat(flags))) logBroken(session, asked);
  const after = [...failed, ...(unmatched === null ? [] : spellTrouble(session, unmatched))];
  const report = prepareReport(comparison, analyze(comparison), { rules });
  await deliver(session, () => report, flags, outputs, after);
  for (const line of failed) log(session, line);
  if (unmatched !== null) throw unmatched;
}

async function readSaved(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw describeSystemError(cause, path, 'cannot read', HOW_TO_MAKE);
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
