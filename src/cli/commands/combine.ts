import { combineParts } from '../../parts/combine-parts.ts';
import { requirePlan } from '../../parts/plan-parts.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatCount, formatNoun } from '../../wording/numbers.ts';
import { conclude } from '../conclude.ts';
import { findConfig } from '../config/find-config.ts';
import { quote } from '../../wording/quote.ts';
import { formatSeconds } from '../describe-run.ts';
import type { CombineFlags } from '../flags.ts';
import { planOutputs } from '../output.ts';
import { chooseMoved } from '../parts/choose-moved.ts';
import { ProgressLine } from '../progress.ts';
import { chooseFormat, loadWriters } from '../render.ts';
import { planRules } from '../rules.ts';
import { hintResubmit } from '../slurm/resubmit.ts';
import { applyFlags, log, type Session } from '../session.ts';

/** `model-diff combine RUN`: what `model-diff OLD NEW` would report, out of parts that were compared apart. */
export async function runCombine(session: Session, directory: string, flags: CombineFlags): Promise<void> {
  applyFlags(session, flags);
  const { old, new: newer } = await requirePlan(directory);
  const inputs = [flags.old ?? old.path, flags.new ?? newer.path];
  // Options of a comparison are those of the plan; rules are looked up now.
  const found = findConfig(session, flags, inputs);
  const outputs = planOutputs(flags, inputs);
  const rules = await planRules(flags, found);
  const progress = new ProgressLine(session, flags, chooseFormat(flags) === 'text');
  const [comparison] = await Promise.all([
    combineParts(directory, {
      ...chooseMoved(flags),
      allowPartial: flags.allowPartial === true,
      includeUnchanged: flags.includeUnchanged === true,
      ...(flags.threads !== undefined && { threads: flags.threads }),
      provenance: flags.provenance && { command: session.command },
      signal: session.signal,
      onProgress: progress.update,
    }).catch((error: unknown) => {
      throw hintResubmit(error, directory);
    }),
    loadWriters(flags, outputs),
  ]);
  const { summary } = comparison;
  const { partial } = summary;
  if (partial !== undefined)
    log(
      session,
      `warning: ${formatCount(partial.missingParts.length)} of ${formatNoun(partial.parts, 'part')} missing or unusable, ${formatBytes(partial.missingBytes)} of ${formatBytes(partial.bytes)} not compared; model-diff status ${quote(directory)} says which and why`,
    );
  const bytes = partial === undefined ? comparison.old.bytes + comparison.new.bytes : partial.bytes - partial.missingBytes;
  await conclude(session, comparison, {
    flags,
    outputs,
    rules,
    progress,
    describeRun: () =>
      `Combined ${escapeTerminal(directory)}: ${formatNoun(summary.comparedTensors, 'tensor')}, ${formatBytes(bytes)}, in ${formatSeconds(process.uptime())}.`,
  });
}
