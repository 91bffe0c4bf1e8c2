import type { Checkpoint } from '../../checkpoint.ts';
import { argumentError } from '../../errors.ts';
import { formatNoun } from '../../report/format.ts';
import { prepareReport, type Report } from '../../report/report.ts';
import type { TensorColumns } from '../../types.ts';
import { chooseConfig } from '../choose-config.ts';
import { describeRun } from '../describe-run.ts';
import { EXIT } from '../exit.ts';
import type { DiffFlags } from '../flags.ts';
import { nameCheckpoints } from '../name-checkpoints.ts';
import { planOutputs } from '../output.ts';
import { chooseProgress, ProgressLine } from '../progress.ts';
import { chooseFormat, deliver } from '../render.ts';
import { requireCommon } from '../require-common.ts';
import { breaksRule, chooseOpening } from '../opening.ts';
import { applyFlags, type Session, tell } from '../session.ts';
import { tellFindings } from '../tell-findings.ts';

/** `model-diff OLD NEW`: compares, explains, reports. */
export async function runDiff(session: Session, oldPath: string, newPath: string, flags: DiffFlags): Promise<void> {
  applyFlags(session, flags);
  if (oldPath === '-' || newPath === '-')
    throw argumentError('a checkpoint cannot be read from stdin', 'it is read at many places at once: save it to a file first');
  const outputs = planOutputs(flags.output ?? [], [oldPath, newPath]);
  const { report, finish, isUnsafe } = await compare(session, oldPath, newPath, flags);
  const failed = report.columns.errors.size;
  // Before the writing: a reader that closes the pipe ends the program there.
  session.exitCode =
    failed > 0 ? EXIT.trouble : isUnsafe || (flags.exitCode === true && isDifferent(report.columns)) ? EXIT.different : EXIT.done;
  await deliver(session, report, flags, outputs);
  if (flags.quiet !== true) tell(session, finish);
  if (failed > 0) tell(session, `error: ${formatNoun(failed, 'tensor')} could not be compared; the report has the reasons`);
  if (flags.quiet !== true && outputs.length === 0 && chooseFormat(flags) === 'text' && session.stdout.isTTY === true) {
    tell(session, 'hint: -o report.html writes the report as a page');
  }
}

/** Everything that needs the add-on; the checkpoints are closed again in any case. */
async function compare(
  session: Session,
  oldPath: string,
  newPath: string,
  flags: DiffFlags,
): Promise<{ readonly report: Report; readonly finish: string; readonly isUnsafe: boolean }> {
  const [{ loadCheckpoint }, { ModelDiff }, { threadCount }, { DiffAnalyzer }] = await Promise.all([
    import('../../checkpoint.ts'),
    import('../../diff.ts'),
    import('../../native.ts'),
    import('../../analysis/analyzer.ts'),
  ]);
  const mode = chooseProgress(
    flags.quiet === true || flags.progress === false ? 'never' : flags.progress,
    session,
    chooseFormat(flags) === 'text',
  );
  const progress = new ProgressLine(session, mode, flags.ascii === true);
  const run = { signal: session.signal, onProgress: progress.update };
  const started = performance.now();
  const opened: Checkpoint[] = [];
  try {
    const open = { ...run, ...chooseOpening(flags) };
    const old = await loadCheckpoint(oldPath, open);
    opened.push(old);
    const next = await loadCheckpoint(newPath, open);
    opened.push(next);
    const result = await new ModelDiff({
      includeUnchanged: flags.includeUnchanged === true,
      ...chooseConfig(flags),
      autoPrefix: flags.autoPrefix,
    }).diff(old, next, run);
    const { summary } = result;
    progress.stop();
    const seconds = (performance.now() - started) / 1000;
    if (summary.tensors !== undefined) requireCommon(summary.tensors, old, next);
    if (flags.quiet !== true) for (const checkpoint of opened) tellFindings(session, checkpoint.findings);
    // All that it needs is in the summary; the list of the result is made for the formats alone that write it.
    const analysis = new DiffAnalyzer().analyze([], summary);
    session.signal.throwIfAborted();
    const report = prepareReport(result, analysis, ...nameCheckpoints(oldPath, newPath), {
      listsUnchanged: flags.includeUnchanged === true,
    });
    const { modified, unchanged } = report.overview;
    return {
      report,
      isUnsafe: breaksRule(session, flags, opened),
      finish: describeRun({
        tensors: modified + unchanged,
        oldBytes: old.sizeBytes,
        newBytes: next.sizeBytes,
        seconds,
        threads: threadCount(flags.threads),
      }),
    };
  } finally {
    progress.stop();
    for (const checkpoint of opened) checkpoint.close();
  }
}

/** Whether a value, a name, a shape or a dtype differs. */
function isDifferent(columns: TensorColumns): boolean {
  return columns.names.some((_, row) => columns.identical[row] !== 1 || columns.dtypeChanged[row] === 1);
}
