import { realpathSync } from 'node:fs';
import type { Comparison } from '../../comparison/comparison.ts';
import { spellAddress } from '../../wording/address.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { chooseOptions } from '../choose-options.ts';
import { describeRun } from '../describe-run.ts';
import type { DiffFlags } from '../flags.ts';
import { addConfig, nameConfigured } from '../config/add-config.ts';
import { findConfig } from '../config/find-config.ts';
import { needsHistogram } from '../histogram.ts';
import { planOutputs, refuseStdin } from '../output.ts';
import { ProgressLine } from '../progress.ts';
import { chooseFormat, loadWriters } from '../render.ts';
import { describeDisjoint } from '../no-common-tensors.ts';
import { planRules } from '../rules.ts';
import { applyFlags, log, type Session } from '../session.ts';

/** `model-diff OLD NEW`: compares, explains, reports. */
export async function runDiff(session: Session, oldPath: string, newPath: string, given: DiffFlags): Promise<void> {
  applyFlags(session, given);
  refuseStdin([oldPath, newPath]);
  const found = findConfig(session, given, [oldPath, newPath]);
  const flags = addConfig(given, found?.config);
  session.configured = found === null ? undefined : nameConfigured(given, found);
  const outputs = planOutputs(flags, [oldPath, newPath]);
  const plan = await planRules(given, found);
  const paths = { old: oldPath, new: newPath };
  if (flags.headersOnly === true) {
    const { runStructure } = await import('./structure.ts');
    return runStructure(session, paths, flags, plan);
  }
  if (flags.quiet !== true && isSameTwice(paths, flags))
    log(session, `warning: old and new are the same checkpoint, ${escapeTerminal(spellAddress(oldPath))}`);
  const progress = new ProgressLine(session, flags, chooseFormat(flags) === 'text');
  // With the comparison comes what follows it: it is compiled while the add-on reads.
  const [{ comparison, threads }, { conclude }] = await Promise.all([
    compareFiles(session, paths, flags, needsHistogram(flags, outputs), progress),
    import('../conclude.ts'),
    loadWriters(flags, outputs),
  ]);
  const { summary } = comparison;
  const { comparedTensors: tensors, probedTensors: probed } = summary;
  await conclude(session, comparison, {
    flags,
    outputs,
    rules: plan,
    progress,
    explainDisjoint: (result) => describeDisjoint(session, paths, flags, result),
    describeRun: () => describeRun({ tensors, probed, ...countRead(comparison), seconds: process.uptime(), threads }),
  });
}

/** Bytes of the tensors of each side; none of a manifest's were read. */
function countRead({ old, new: fresh }: Comparison): { oldBytes: number; newBytes: number } {
  const [oldBytes, newBytes] = [old, fresh].map(({ bytes, isManifest }) => (isManifest === true ? 0 : bytes)) as [number, number];
  return { oldBytes, newBytes };
}

/** Whether one checkpoint is compared with itself, and not one part of it with another. */
function isSameTwice({ old, new: newer }: Readonly<Record<'old' | 'new', string>>, flags: DiffFlags): boolean {
  const isOfOneSide = Object.keys(flags).some((name) => /(?:Old|New)$/.test(name));
  return !isOfOneSide && (old === newer || findPlace(old) === findPlace(newer));
}

/** Behind symbolic links; the path itself where nothing is there, as for a name on the hub. */
function findPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Everything that needs the add-on. */
async function compareFiles(
  session: Session,
  paths: Readonly<Record<'old' | 'new', string>>,
  flags: DiffFlags,
  histogram: boolean,
  progress: ProgressLine,
): Promise<{ readonly comparison: Comparison; readonly threads: number }> {
  const [{ compare }, { threadCount }] = await Promise.all([
    import('../../compare/compare.ts'),
    import('../../native/threads.ts'),
  ]);
  const comparison = await compare(paths.old, paths.new, {
    ...chooseOptions(flags),
    histogram,
    provenance: flags.provenance && { command: session.command },
    signal: session.signal,
    onProgress: progress.update,
  });
  return { comparison, threads: threadCount(flags.threads) };
}
