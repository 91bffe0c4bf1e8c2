import type { Comparison } from '../../comparison/comparison.ts';
import { prepareReport } from '../../report/report.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { chooseOptions } from '../choose-options.ts';
import { describeRun } from '../describe-run.ts';
import { decideStatus } from '../exit.ts';
import { describeFailure } from '../failure.ts';
import type { DiffFlags } from '../flags.ts';
import { breaksRule } from '../fail-on.ts';
import { logFindings } from '../log-findings.ts';
import { planOutputs, refuseStdin } from '../output.ts';
import { chooseProgress, ProgressLine } from '../progress.ts';
import { chooseFormat, deliver } from '../render.ts';
import { describeDisjoint, isDisjoint, requireTensors } from '../no-common-tensors.ts';
import { applyFlags, log, type Session } from '../session.ts';

/** `model-diff OLD NEW`: compares, explains, reports. */
export async function runDiff(session: Session, oldPath: string, newPath: string, flags: DiffFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin([oldPath, newPath]);
  const outputs = planOutputs(flags.output ?? [], [oldPath, newPath]);
  const started = performance.now();
  const paths = { old: oldPath, new: newPath };
  const { comparison, threads } = await compareFiles(session, paths, flags);
  const seconds = (performance.now() - started) / 1000;
  const { summary, old, new: fresh } = comparison;
  requireTensors(comparison);
  const disjoint = isDisjoint(comparison) ? await describeDisjoint(session, paths, flags, comparison) : null;
  // On a terminal the text report tells them.
  const isShown = chooseFormat(flags) === 'text' && session.stdout.isTTY === true;
  if (flags.quiet !== true && !isShown) logFindings(session, [...old.findings, ...fresh.findings]);
  const { analyze } = await import('../../analysis/analyze.ts');
  const report = prepareReport(comparison, analyze(comparison));
  session.signal.throwIfAborted();
  const isBroken = breaksRule(session, flags, comparison);
  // Before the writing: a reader that closes the pipe ends the program there.
  session.exitCode = decideStatus(comparison, {
    isDisjoint: disjoint !== null,
    isBroken,
    asksForEquality: flags.exitCode === true,
  });
  const { comparedTensors: tensors, probedTensors: probed } = summary;
  const run = describeRun({ tensors, probed, oldBytes: old.bytes, newBytes: fresh.bytes, seconds, threads });
  const failed = `error: ${formatNoun(summary.failedTensors, 'tensor')} could not be compared; the report says why`;
  const after = [...(flags.quiet === true ? [] : [run]), ...(summary.failedTensors > 0 ? [failed] : [])];
  const trouble =
    disjoint === null ? [] : describeFailure(disjoint, { verbose: session.verbose, color: false }).trimEnd().split('\n');
  await deliver(session, report, flags, outputs, [...after, ...trouble]);
  for (const line of after) log(session, line);
  if (disjoint !== null) throw disjoint;
}

/** Everything that needs the add-on. */
async function compareFiles(
  session: Session,
  paths: Readonly<Record<'old' | 'new', string>>,
  flags: DiffFlags,
): Promise<{ readonly comparison: Comparison; readonly threads: number }> {
  const [{ compare }, { threadCount }] = await Promise.all([
    import('../../compare/compare.ts'),
    import('../../native/threads.ts'),
  ]);
  const when = flags.quiet === true || flags.progress === false ? 'never' : flags.progress;
  const progress = new ProgressLine(session, chooseProgress(when, session, chooseFormat(flags) === 'text'), flags.ascii === true);
  try {
    const comparison = await compare(paths.old, paths.new, {
      ...chooseOptions(flags),
      provenance: flags.provenance && { command: session.command },
      signal: session.signal,
      onProgress: progress.update,
    });
    return { comparison, threads: threadCount(flags.threads) };
  } finally {
    progress.stop();
  }
}
