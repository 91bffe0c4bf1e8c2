import { writeManifestJson } from '../../report/json/manifest.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { chooseOneOpening } from '../choose-options.ts';
import { EXIT } from '../exit.ts';
import type { HashFlags } from '../flags.ts';
import { planJsonOutput, refuseStdin, writeOutputs } from '../output.ts';
import { ProgressLine } from '../progress.ts';
import { print } from '../render.ts';
import { breaksSafety, requireSafetyRules } from '../rules.ts';
import { applyFlags, log, type Session } from '../session.ts';

/** `model-diff hash`: a manifest of a checkpoint. */
export async function runHash(session: Session, path: string, flags: HashFlags): Promise<void> {
  applyFlags(session, flags);
  refuseStdin([path]);
  await requireSafetyRules('hash', flags);
  const [{ hashCheckpoint }, { refuseOther }] = await Promise.all([
    import('../../manifest/hash-checkpoint.ts'),
    import('../../manifest/write.ts'),
  ]);
  const output = flags.output === undefined ? null : planJsonOutput(flags.output, '--output', [path]);
  if (output !== null) refuseOther(output.target);
  const progress = new ProgressLine(session, flags, false);
  const manifest = await hashCheckpoint(path, {
    ...chooseOneOpening(flags),
    ...(flags.threads !== undefined && { threads: flags.threads }),
    provenance: flags.provenance && { command: session.command },
    signal: session.signal,
    onProgress: progress.update,
  });
  session.signal.throwIfAborted();
  await progress.enter('write');
  const failed = manifest.tensors.filter(({ error }) => error !== null).length;
  const isUnsafe = await breaksSafety(session, flags, manifest.findings);
  session.exitCode = failed > 0 ? EXIT.trouble : isUnsafe ? EXIT.different : EXIT.done;
  const pieces = writeManifestJson(manifest);
  if (output === null) await print(session, pieces);
  else {
    const [written] = await writeOutputs([{ ...output, pieces }], session.signal);
    if (flags.quiet !== true && written !== undefined)
      log(session, `Wrote ${escapeTerminal(written.path)} (${formatBytes(written.bytes)}).`);
  }
  if (failed > 0) log(session, `error: ${formatNoun(failed, 'tensor')} cannot be read; the manifest says why`);
}
