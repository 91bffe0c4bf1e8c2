import { basename, resolve } from 'node:path';
import { argumentError } from '../../errors.ts';
import { escapeJson } from '../../wording/escape.ts';
import { chooseLayout } from '../../report/text/layout.ts';
import { EXIT } from '../exit.ts';
import type { InspectFlags } from '../flags.ts';
import { writeFindings, writeInspection } from '../inspect-text.ts';
import { chooseProgress, ProgressLine } from '../progress.ts';
import { print } from '../render.ts';
import { chooseOpening } from '../choose-options.ts';
import { breaksSafety } from '../fail-on.ts';
import { applyFlags, paints, type Session } from '../session.ts';
import { readColumns } from '../terminal.ts';

const ROWS_ON_TERMINAL = 50;

/** `model-diff inspect`: what a checkpoint consists of. */
export async function runInspect(session: Session, path: string, flags: InspectFlags): Promise<void> {
  applyFlags(session, flags);
  if (path === '-')
    throw argumentError('a checkpoint cannot be read from stdin', 'it is read at many places at once: save it to a file first');
  const { loadCheckpoint } = await import('../../checkpoint/load.ts');
  const mode = chooseProgress(
    flags.quiet === true || flags.progress === false ? 'never' : flags.progress,
    session,
    flags.json !== true,
  );
  const progress = new ProgressLine(session, mode, flags.ascii === true);
  const run = { signal: session.signal, onProgress: progress.update };
  const checkpoint = await loadCheckpoint(path, { ...run, ...chooseOpening(flags) });
  try {
    if (flags.stats === true)
      await checkpoint.computeStats(undefined, { ...run, ...(flags.threads === undefined ? {} : { threads: flags.threads }) });
    progress.stop();
    session.signal.throwIfAborted();
    const terminalWidth = session.stdout.isTTY === true ? readColumns(session.stdout) : undefined;
    const layout = chooseLayout({
      terminalWidth,
      ascii: flags.ascii === true,
      color: paints(session, 'stdout'),
      moreHint: '--top',
    });
    const rows = flags.top ?? (terminalWidth === undefined ? Number.POSITIVE_INFINITY : ROWS_ON_TERMINAL);
    if (flags.json === true) {
      await print(
        session,
        `${escapeJson(JSON.stringify(flags.security === true ? { findings: checkpoint.findings } : { ...checkpoint.toJSON(), configs: checkpoint.configs, files: checkpoint.files, findings: checkpoint.findings }, null, 2))}\n`,
      );
    } else if (flags.security === true) {
      await print(session, `${writeFindings(checkpoint, layout).join('\n')}\n`);
    } else {
      await print(
        session,
        writeInspection(checkpoint, basename(resolve(path)), layout, { rows, stats: flags.stats === true, ascii: session.ascii }),
      );
    }
    const failed = [...checkpoint.tensorInfo.values()].some((info) => info.error !== null);
    session.exitCode = failed ? EXIT.trouble : breaksSafety(session, flags, [checkpoint]) ? EXIT.different : EXIT.done;
  } finally {
    progress.stop();
    checkpoint.close();
  }
}
