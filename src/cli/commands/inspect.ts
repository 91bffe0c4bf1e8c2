import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Finding } from '../../checkpoint/types.ts';
import { ModelDiffError } from '../../errors.ts';
import { spellAscii } from '../../report/text/ascii.ts';
import { chooseLayout, type Layout } from '../../report/text/layout.ts';
import { escapeJson } from '../../wording/escape.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { chooseOpening } from '../choose-options.ts';
import { EXIT } from '../exit.ts';
import type { InspectFlags } from '../flags.ts';
import { writeFindings, writeInspection } from '../inspect-text.ts';
import { refuseStdin } from '../output.ts';
import { chooseProgress, ProgressLine } from '../progress.ts';
import { print } from '../render.ts';
import { breaksSafety, requireSafetyRules } from '../rules.ts';
import { applyFlags, log, paints, type Session } from '../session.ts';
import { readColumns } from '../terminal.ts';

const ROWS_ON_TERMINAL = 50;

/** `model-diff inspect`: what a checkpoint consists of. */
export async function runInspect(session: Session, path: string, flags: InspectFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin([path]);
  await requireSafetyRules('inspect', flags);
  const { loadCheckpoint } = await import('../../checkpoint/load.ts');
  const mode = chooseProgress(
    flags.quiet === true || flags.progress === false ? 'never' : flags.progress,
    session,
    flags.json !== true,
  );
  const progress = new ProgressLine(session, mode, flags.ascii === true);
  const run = { signal: session.signal, onProgress: progress.update };
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await loadCheckpoint(path, { ...run, ...chooseOpening(flags) });
    if (flags.stats === true)
      await checkpoint.computeStats(undefined, { ...run, ...(flags.threads === undefined ? {} : { threads: flags.threads }) });
    progress.stop();
    session.signal.throwIfAborted();
    await show(session, flags, checkpoint, basename(resolve(path)));
    const failed = [...checkpoint.tensorInfo.values()].filter((info) => info.error !== null).length;
    session.exitCode = failed > 0 ? EXIT.trouble : await judgeSafety(session, flags, checkpoint.findings);
    if (failed > 0) log(session, `error: ${formatNoun(failed, 'tensor')} cannot be read; the list says why`);
  } catch (error) {
    progress.stop();
    const findings = readFindingsAlone(error, path, flags);
    if (findings === null) throw error;
    await showFindings(session, flags, findings);
    session.exitCode = await judgeSafety(session, flags, findings);
  } finally {
    checkpoint?.close();
  }
}

/**
 * Findings of a file without tensors: all that is asked for with `--security`. null where the error is one all the same, as for a folder
 * without a file to look into.
 */
function readFindingsAlone(error: unknown, path: string, flags: InspectFlags): readonly Finding[] | null {
  if (flags.security !== true || !(error instanceof ModelDiffError) || error.code !== 'E_NO_TENSORS') return null;
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? error.findings : null;
}

async function judgeSafety(session: Session, flags: InspectFlags, findings: readonly Finding[]): Promise<number> {
  return (await breaksSafety(session, flags, findings)) ? EXIT.different : EXIT.done;
}

async function show(session: Session, flags: InspectFlags, checkpoint: Checkpoint, name: string): Promise<void> {
  if (flags.security === true) return showFindings(session, flags, checkpoint.findings);
  if (flags.json === true) {
    const { candidates, configs, files, findings, leftOut } = checkpoint;
    return printJson(session, { ...checkpoint.toJSON(), configs, files, candidates, left_out: leftOut, findings });
  }
  const isTerminal = session.stdout.isTTY === true;
  const rows = flags.top ?? (isTerminal ? ROWS_ON_TERMINAL : Number.POSITIVE_INFINITY);
  const view = { rows, stats: flags.stats === true, ascii: session.ascii };
  await print(session, writeInspection(checkpoint, name, decideLayout(session), view));
}

async function showFindings(session: Session, flags: InspectFlags, findings: readonly Finding[]): Promise<void> {
  if (flags.json === true) return printJson(session, { findings });
  const text = `${writeFindings(findings, decideLayout(session)).join('\n')}\n`;
  await print(session, session.ascii ? spellAscii(text) : text);
}

function printJson(session: Session, value: unknown): Promise<void> {
  return print(session, `${escapeJson(JSON.stringify(value, null, 2))}\n`);
}

function decideLayout(session: Session): Layout {
  const terminalWidth = session.stdout.isTTY === true ? readColumns(session.stdout) : undefined;
  return chooseLayout({ terminalWidth, ascii: session.ascii, color: paints(session, 'stdout'), moreHint: '--top' });
}
