import { prepareReport } from '../report/report.ts';
import { analyze } from '../analysis/analyze.ts';
import type { Comparison } from '../comparison/comparison.ts';
import type { ModelDiffError } from '../errors.ts';
import { decideStatus } from './exit.ts';
import type { ResultFlags } from './flags.ts';
import { chooseReports } from './histogram.ts';
import { logFindings } from './log-findings.ts';
import { requireTensors } from '../compare/nothing-to-compare.ts';
import { isDisjoint } from './no-common-tensors.ts';
import type { OutputFile } from './output.ts';
import type { ProgressLine } from './progress.ts';
import { chooseFormat, deliver } from './render.ts';
import { describeUnmatched, hintAtNonfinite, holdTo, isBroken, logBroken, type RulePlan, tellsRules } from './rules.ts';
import { log, type Session } from './session.ts';
import { describeFailedTensors, spellTrouble } from './trouble.ts';

/** What a comparison is reported with. */
export interface Conclusion {
  readonly flags: ResultFlags;
  readonly outputs: readonly OutputFile[];
  readonly rules: RulePlan;
  readonly progress: ProgressLine;
  /** What to say where no name is on both sides; left out where that was said before. */
  readonly explainDisjoint?: (comparison: Comparison) => Promise<ModelDiffError>;
  /** The line on stderr about the run. Asked for twice: the report leaves room for it. */
  readonly describeRun: () => string;
}

/** Everything that follows a comparison: it is explained, held to rules and reported, and decides how the program exits. */
export async function conclude(
  session: Session,
  comparison: Comparison,
  { flags, outputs, rules: plan, progress, explainDisjoint, describeRun }: Conclusion,
): Promise<void> {
  const { summary, old, new: fresh } = comparison;
  requireTensors({ old, new: fresh });
  const disjoint = isDisjoint(comparison) ? ((await explainDisjoint?.(comparison)) ?? null) : null;
  // On a terminal the text report tells them.
  const isShown = chooseFormat(flags) === 'text' && session.stdout.isTTY === true;
  if (flags.quiet !== true && !isShown) logFindings(session, [...old.findings, ...fresh.findings]);
  await progress.enter('analyze');
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
  await progress.enter('write');
  // Known before the report is written, so that it leaves room for them.
  const listAfter = (): string[] => [
    ...(flags.quiet === true ? [] : [describeRun()]),
    ...describeFailedTensors(summary.failedTensors),
  ];
  const hint = flags.quiet === true ? null : hintAtNonfinite(comparison, rules);
  const trouble = [disjoint, unmatched]
    .filter((error) => error !== null)
    .slice(0, 1)
    .flatMap((error) => spellTrouble(session, error));
  const after = [...listAfter(), ...trouble, ...(hint === null ? [] : [hint])];
  await deliver(session, chooseReports(report, flags), flags, outputs, after);
  for (const line of listAfter()) log(session, line);
  if (disjoint !== null) throw disjoint;
  if (unmatched !== null) throw unmatched;
  if (hint !== null) log(session, hint);
}
