import { basename, resolve } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Finding } from '../../checkpoint/types.ts';
import { argumentError, ModelDiffError } from '../../errors.ts';
import { writeFindingsJson } from '../../report/json/inspection.ts';
import { describeInspectionOrigin } from '../../report/provenance.ts';
import { chooseLayout, type Layout } from '../../report/text/layout.ts';
import { spellAddress } from '../../wording/address.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { chooseOneOpening } from '../choose-options.ts';
import { EXIT } from '../exit.ts';
import { findStats } from '../find-stats.ts';
import type { InspectFlags, InspectFormat } from '../flags.ts';
import { listFindings, writeInspection } from '../inspect-text.ts';
import { UNREADABLE, writeInspectionTsv } from '../inspect-tsv.ts';
import { describeSource, writeCheckpoint } from '../inspection.ts';
import { refuseStdin } from '../output.ts';
import { ProgressLine } from '../progress.ts';
import { print } from '../render.ts';
import { fitScreen } from '../fit-screen.ts';
import { breaksSafety, requireSafetyRules } from '../rules.ts';
import { applyFlags, guardLog, log, type Session } from '../session.ts';

/** `model-diff inspect`: what a checkpoint consists of. */
export async function runInspect(session: Session, path: string, flags: InspectFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin([path]);
  const format = chooseForm(flags);
  if (flags.security === true && format !== 'text' && format !== 'json')
    throw argumentError(`--security prints text or JSON, not ${format}`, 'use --json');
  if (format === 'tsv') refuseForTsv(flags);
  await requireSafetyRules('inspect', flags);
  const { loadCheckpoint } = await import('../../checkpoint/load.ts');
  const progress = new ProgressLine(session, flags, format === 'text' || format === 'tsv');
  const run = { signal: session.signal, onProgress: progress.update };
  let checkpoint: Checkpoint | undefined;
  try {
    checkpoint = await loadCheckpoint(path, { ...run, ...chooseOneOpening(flags) });
    const reading = { ...run, ...(flags.threads === undefined ? {} : { threads: flags.threads }) };
    if (flags.stats === true) await checkpoint.computeStats(undefined, reading);
    const tsv = format === 'tsv' ? await writeInspectionTsv(checkpoint, reading) : null;
    session.signal.throwIfAborted();
    await progress.enter('write');
    const failed = tsv?.unreadable ?? [...checkpoint.tensorInfo.values()].filter((info) => info.error !== null).length;
    const told = tsv === null ? 'the list says why' : `the list says ${UNREADABLE}, and model-diff inspect --stats says why`;
    const trouble = failed > 0 ? [`error: ${formatNoun(failed, 'tensor')} cannot be read; ${told}`] : [];
    session.exitCode = failed > 0 ? EXIT.trouble : await judgeSafety(session, flags, checkpoint.findings);
    if (tsv === null) await show(session, flags, checkpoint, basename(resolve(spellAddress(path))), trouble);
    else await print(session, tsv.pieces);
    for (const line of trouble) log(session, line);
  } catch (error) {
    const findings = readFindingsAlone(error, path, flags);
    if (findings === null) throw error;
    session.exitCode = await judgeSafety(session, flags, findings);
    await showFindings(session, flags, { path: spellAddress(path), findings });
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
  return findStats(path)?.isFile() === true ? error.findings : null;
}

/** A line has no place for statistics, and a list that is cut would compare as another checkpoint. */
function refuseForTsv({ top, stats }: InspectFlags): void {
  const flag = top !== undefined ? '--top' : stats === true ? '--stats' : null;
  if (flag !== null)
    throw argumentError(`${flag} has no effect on --format tsv`, 'tsv lists every tensor with a hash of its values');
}

function chooseForm(flags: InspectFlags): InspectFormat {
  return flags.json === true ? 'json' : (flags.format ?? 'text');
}

async function judgeSafety(session: Session, flags: InspectFlags, findings: readonly Finding[]): Promise<number> {
  return (await breaksSafety(session, flags, findings)) ? EXIT.different : EXIT.done;
}

async function show(
  session: Session,
  flags: InspectFlags,
  checkpoint: Checkpoint,
  name: string,
  after: readonly string[],
): Promise<void> {
  if (flags.security === true) return showFindings(session, flags, checkpoint);
  const format = chooseForm(flags);
  const provenance = describeSource(session, checkpoint.path, flags);
  const hasStatistics = flags.stats === true;
  if (format === 'json' || format === 'jsonl')
    return print(session, writeCheckpoint(checkpoint, format, provenance, hasStatistics));
  const layout = decideLayout(session, flags, after);
  await print(
    session,
    guardLog(session, writeInspection(checkpoint, name, layout, { hasStatistics, origin: describeInspectionOrigin(provenance) })),
  );
}

async function showFindings(
  session: Session,
  flags: InspectFlags,
  { path, findings }: Pick<Checkpoint, 'path' | 'findings'>,
): Promise<void> {
  if (chooseForm(flags) === 'json')
    return print(session, writeFindingsJson({ provenance: describeSource(session, path, flags), path, findings }));
  const layout = decideLayout(session, flags, []);
  await print(session, layout.spell(`${listFindings(findings, layout).join('\n')}\n`));
}

/** Off a terminal every tensor is listed. */
function decideLayout(session: Session, { top }: InspectFlags, after: readonly string[]): Layout {
  return chooseLayout(fitScreen(session, { after, top, rows: Number.POSITIVE_INFINITY, more: (rows) => `--top ${rows}` }));
}
