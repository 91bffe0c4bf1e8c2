import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Finding } from '../../checkpoint/types.ts';
import { argumentError, ModelDiffError } from '../../errors.ts';
import { spellAscii } from '../../report/text/ascii.ts';
import { writeFindingsJson } from '../../report/json/inspection.ts';
import { describeInspectionOrigin } from '../../report/provenance.ts';
import { writeOrigin } from '../../report/text/provenance.ts';
import { chooseLayout, type Layout } from '../../report/text/layout.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { chooseOpening } from '../choose-options.ts';
import { EXIT } from '../exit.ts';
import { breaksSafety } from '../fail-on.ts';
import type { InspectFlags, InspectFormat } from '../flags.ts';
import { writeFindings, writeInspection } from '../inspect-text.ts';
import { writeInspectionTsv } from '../inspect-tsv.ts';
import { describeSource, writeCheckpoint } from '../inspection.ts';
import { refuseStdin } from '../output.ts';
import { ProgressLine } from '../progress.ts';
import { print } from '../render.ts';
import { applyFlags, log, paints, type Session } from '../session.ts';
import { readColumns } from '../terminal.ts';

const ROWS_ON_TERMINAL = 50;

/** `model-diff inspect`: what a checkpoint consists of. */
export async function runInspect(session: Session, path: string, flags: InspectFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin([path]);
  const format = chooseForm(flags);
  if (flags.security === true && format !== 'text' && format !== 'json')
    throw argumentError(`--security prints text or JSON, not ${format}`, 'use --json');
  const { loadCheckpoint } = await import('../../checkpoint/load.ts');
  const progress = new ProgressLine(session, flags, format === 'text' || format === 'tsv');
  const run = { signal: session.signal, onProgress: progress.update };
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await loadCheckpoint(path, { ...run, ...chooseOpening(flags) });
    const reading = { ...run, ...(flags.threads === undefined ? {} : { threads: flags.threads }) };
    if (flags.stats === true) await checkpoint.computeStats(undefined, reading);
    const tsv = format === 'tsv' ? await writeInspectionTsv(checkpoint, reading) : null;
    session.signal.throwIfAborted();
    progress.enter('write');
    if (tsv === null) await show(session, flags, checkpoint, basename(resolve(path)));
    else await print(session, tsv.text);
    const failed = tsv?.unreadable ?? [...checkpoint.tensorInfo.values()].filter((info) => info.error !== null).length;
    session.exitCode = failed > 0 ? EXIT.trouble : judgeSafety(session, flags, checkpoint.findings);
    if (failed > 0) log(session, `error: ${formatNoun(failed, 'tensor')} cannot be read; the list says why`);
  } catch (error) {
    const findings = readFindingsAlone(error, path, flags);
    if (findings === null) throw error;
    await showFindings(session, flags, { path, findings });
    session.exitCode = judgeSafety(session, flags, findings);
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

function chooseForm(flags: InspectFlags): InspectFormat {
  return flags.json === true ? 'json' : (flags.format ?? 'text');
}

function judgeSafety(session: Session, flags: InspectFlags, findings: readonly Finding[]): number {
  return breaksSafety(session, flags, [{ findings }]) ? EXIT.different : EXIT.done;
}

async function show(session: Session, flags: InspectFlags, checkpoint: Checkpoint, name: string): Promise<void> {
  if (flags.security === true) return showFindings(session, flags, checkpoint);
  const format = chooseForm(flags);
  const provenance = describeSource(session, checkpoint.path, flags);
  if (format === 'json' || format === 'jsonl')
    return print(session, writeCheckpoint(checkpoint, format, provenance, flags.stats === true));
  const isTerminal = session.stdout.isTTY === true;
  const rows = flags.top ?? (isTerminal ? ROWS_ON_TERMINAL : Number.POSITIVE_INFINITY);
  const view = { rows, stats: flags.stats === true, ascii: session.ascii };
  const layout = decideLayout(session);
  const origin = writeOrigin(describeInspectionOrigin(provenance), layout).join('\n');
  const text = writeInspection(checkpoint, name, layout, view);
  await print(session, origin === '' ? [text] : [text, session.ascii ? spellAscii(origin) : origin, '\n']);
}

async function showFindings(
  session: Session,
  flags: InspectFlags,
  { path, findings }: Pick<Checkpoint, 'path' | 'findings'>,
): Promise<void> {
  if (chooseForm(flags) === 'json')
    return print(session, writeFindingsJson({ provenance: describeSource(session, path, flags), path, findings }));
  const text = `${writeFindings(findings, decideLayout(session)).join('\n')}\n`;
  await print(session, [session.ascii ? spellAscii(text) : text]);
}

function decideLayout(session: Session): Layout {
  const terminalWidth = session.stdout.isTTY === true ? readColumns(session.stdout) : undefined;
  return chooseLayout({ terminalWidth, ascii: session.ascii, color: paints(session, 'stdout'), moreHint: '--top' });
}
