import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import { argumentError, ModelDiffError } from '../../errors.ts';
import { resolveOptions } from '../../compare/options.ts';
import type { SeriesProvenance } from '../../comparison/provenance.ts';
import { spellPlace } from '../../wording/address.ts';
import type { SeriesResult } from '../../series/types.ts';
import { TOOL } from '../../tool.ts';
import { chooseConfig, chooseOpening } from '../choose-options.ts';
import { formatSeconds } from '../describe-run.ts';
import { EXIT } from '../exit.ts';
import type { SeriesFlags } from '../flags.ts';
import { HOW_DISJOINT, HOW_EMPTY } from '../../compare/nothing-to-compare.ts';
import { planOutputs, refuseStdin } from '../output.ts';
import { ProgressLine } from '../progress.ts';
import { chooseFormat, deliverSeries, loadWriters } from '../render.ts';
import { breaksSafety, requireSafetyRules } from '../rules.ts';
import { applyFlags, log, type Session } from '../session.ts';
import { logFindings } from '../log-findings.ts';
import { describeFailedTensors } from '../trouble.ts';

/** `model-diff series A B C …`: follows a model over its checkpoints. */
export async function runSeries(session: Session, paths: readonly string[], flags: SeriesFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin(paths);
  await requireSafetyRules('series', flags);
  if (paths.length < 2) throw argumentError('a series needs at least two checkpoints', 'list them oldest first');
  const outputs = planOutputs(flags, paths);
  const progress = new ProgressLine(session, flags, chooseFormat(flags) === 'text');
  const [series] = await Promise.all([follow(session, paths, flags, progress), loadWriters(flags, outputs)]);
  requireShared(series);
  if (flags.quiet !== true) for (const { findings } of series.checkpoints) logFindings(session, findings);
  const failed = series.events.filter(({ kind }) => kind === 'failed').length;
  const findings = series.checkpoints.flatMap((checkpoint) => checkpoint.findings);
  const isUnsafe = await breaksSafety(session, flags, findings);
  session.exitCode = failed > 0 ? EXIT.trouble : isUnsafe ? EXIT.different : EXIT.done;
  session.signal.throwIfAborted();
  await progress.enter('write');
  const listAfter = (): string[] => [
    ...(flags.quiet === true ? [] : [describeSeriesRun(series, process.uptime())]),
    ...describeFailedTensors(failed),
  ];
  await deliverSeries(session, series, describeSeriesSource(session, series, flags), flags, outputs, listAfter());
  for (const line of listAfter()) log(session, line);
}

/** Everything that needs the add-on. */
async function follow(
  session: Session,
  paths: readonly string[],
  flags: SeriesFlags,
  progress: ProgressLine,
): Promise<SeriesResult> {
  const { compareSeries } = await import('../../series/compare-series.ts');
  return await compareSeries(
    paths,
    { ...chooseConfig(flags), autoPrefix: flags.autoPrefix },
    {
      signal: session.signal,
      onProgress: progress.update,
      ...chooseOpening(flags),
      ...(flags.base !== undefined && { base: flags.base }),
    },
  );
}

/** Where a series comes from; null where that is not to be said. */
function describeSeriesSource(session: Session, { checkpoints }: SeriesResult, flags: SeriesFlags): SeriesProvenance | null {
  if (!flags.provenance) return null;
  const { changeThreshold, precision } = resolveOptions(chooseConfig(flags));
  return {
    version: TOOL.version,
    created: new Date().toISOString(),
    checkpoints: checkpoints.map(({ path }) => spellPlace(path)),
    command: session.command,
    changeThreshold,
    precision,
  };
}

/** Checkpoints without a tensor in common are a mistake more often than a result. */
function requireShared({ tensors, steps, checkpoints }: SeriesResult): void {
  if (tensors.isMeasured.includes(1) || steps.some(({ comparedTensors, failedTensors }) => comparedTensors + failedTensors > 0))
    return;
  const empty = checkpoints.filter((checkpoint) => checkpoint.tensors === 0).map(({ path }) => path);
  if (empty.length > 0) {
    throw new ModelDiffError(`nothing to compare: no tensor in ${listNames(empty)}`, {
      kind: 'Mismatch',
      code: 'E_NO_TENSORS',
      path: empty[0],
      hint: HOW_EMPTY,
    });
  }
  throw new ModelDiffError('no tensor in common: no checkpoint shares a name and shape with the one before it', {
    kind: 'Mismatch',
    code: 'E_NO_COMMON_TENSORS',
    hint: HOW_DISJOINT,
  });
}

/** `Compared 6 checkpoints, 1.4 MB in 120 ms.` */
function describeSeriesRun({ checkpoints }: SeriesResult, seconds: number): string {
  const bytes = checkpoints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return `Compared ${formatNoun(checkpoints.length, 'checkpoint')}, ${formatBytes(bytes)} in ${formatSeconds(seconds)}.`;
}
