import type { Comparison } from '../../comparison/comparison.ts';
import { prepareReport } from '../../report/report.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { chooseOptions } from '../choose-options.ts';
import { describeRun } from '../describe-run.ts';
import { decideStatus } from '../exit.ts';
import type { DiffFlags } from '../flags.ts';
import { addConfig } from '../config/add-config.ts';
import { findConfig } from '../config/find-config.ts';
import { logFindings } from '../log-findings.ts';
import { planOutputs, refuseStdin } from '../output.ts';
import { chooseProgress, ProgressLine } from '../progress.ts';
import { chooseFormat, deliver } from '../render.ts';
import { describeDisjoint, isDisjoint, requireTensors } from '../no-common-tensors.ts';
import { describeUnmatched, hintAtNonfinite, holdTo, isBroken, logBroken, planRules, tellsRules } from '../rules.ts';
import { applyFlags, log, type Session } from '../session.ts';

/** `model-diff OLD NEW`: compares, explains, reports. */
export async function runDiff(session: Session, oldPath: string, newPath: string, given: DiffFlags): Promise<void> {
  applyFlags(session, given);
  refuseStdin([oldPath, newPath]);
  const found = findConfig(session, given, [oldPath, newPath]);
  const flags = addConfig(given, found?.config);
  const outputs = planOutputs(flags.output ?? [], [oldPath, newPath]);
  const plan = await planRules(given, found);
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
  const rules = await holdTo(plan, comparison);
  const report = prepareReport(comparison, analyze(comparison), { rules });
  session.signal.throwIfAborted();
  if (!tellsRules(chooseFormat(flags))) logBroken(session, rules);
  const unmatched = describeUnmatched(rules, comparison);
  // Before the writing: a reader that closes the pipe ends the program there.
  session.exitCode = decideStatus(comparison, {
    isTrouble: disjoint !== null || unmatched !== null,
    isBroken: isBroken(rules),
    asksForEquality: flags.exitCode === true,
  });
  await deliver(session, report, flags, outputs);
  const { comparedTensors: tensors, probedTensors: probed } = summary;
  if (flags.quiet !== true)
    log(session, describeRun({ tensors, probed, oldBytes: old.bytes, newBytes: fresh.bytes, seconds, threads }));
  if (summary.failedTensors > 0)
    log(session, `error: ${formatNoun(summary.failedTensors, 'tensor')} could not be compared; the report says why`);
  if (disjoint !== null) throw disjoint;
  if (unmatched !== null) throw unmatched;
  if (flags.quiet === true) return;
  const hint = await hintAtNonfinite(comparison, rules);
  if (hint !== null) log(session, hint);
  else if (outputs.length === 0 && isShown) log(session, 'hint: -o report.html writes this report as a web page');
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
