import { partsStatus } from '../../parts/parts-status.ts';
import { listNumbers } from '../../parts/list-numbers.ts';
import type { PartsStatus, PartState } from '../../parts/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { EXIT } from '../exit.ts';
import type { StatusFlags } from '../flags.ts';
import { isSubmitted, resubmit } from '../slurm/resubmit.ts';
import { quote } from '../../wording/quote.ts';
import { applyFlags, type Session } from '../session.ts';

/** Damaged and foreign files, and parts at work, that are listed. */
const SHOWN = 20;

/** `model-diff status RUN`: what of a comparison in parts is done. Exits with 1 while anything is missing. */
export async function runStatus(session: Session, directory: string, flags: StatusFlags): Promise<void> {
  applyFlags(session, flags);
  const status = await partsStatus(directory, { signal: session.signal });
  const isComplete = status.parts.every(({ state }) => state === 'done') && status.foreign.length === 0;
  session.exitCode = isComplete ? EXIT.done : EXIT.different;
  if (flags.json === true) session.stdout.write(`${JSON.stringify(spellStatus(status), null, 2)}\n`);
  else if (flags.quiet !== true) session.stdout.write(`${describeStatus(status, isComplete).map(escapeTerminal).join('\n')}\n`);
}

function ofState(parts: readonly PartState[], state: PartState['state']): PartState[] {
  return parts.filter((part) => part.state === state);
}

function describeStatus({ directory, parts, foreign, bytes, bytesDone }: PartsStatus, isComplete: boolean): string[] {
  const [done, missing, damaged] = (['done', 'missing', 'damaged'] as const).map((state) => ofState(parts, state));
  const folder = quote(directory);
  const open = [...(missing ?? []), ...(damaged ?? [])].map(({ part }) => part).sort((a, b) => a - b);
  const working = parts.filter(({ progress }) => progress !== null);
  const list = <T>(title: string, items: readonly T[], spell: (item: T) => string): string[] => [
    ...(items.length === 0 ? [] : [title]),
    ...items.slice(0, SHOWN).map((item) => `  ${spell(item)}`),
    ...(items.length > SHOWN ? [`  … and ${formatCount(items.length - SHOWN)} more`] : []),
  ];
  return [
    `${formatCount(done?.length ?? 0)} of ${formatNoun(parts.length, 'part')} done, ${formatBytes(bytesDone)} of ${formatBytes(bytes)} (${formatPercent(bytes === 0 ? 1 : bytesDone / bytes)})`,
    ...((missing?.length ?? 0) === 0 ? [] : [`missing: ${listNumbers((missing ?? []).map(({ part }) => part))}`]),
    ...list('unusable:', damaged ?? [], ({ part, reason }) => `part ${part}: ${reason ?? ''}`),
    ...list('foreign:', foreign, ({ path, reason }) => `${path}: ${reason}`),
    ...list('begun:', working, describeWork),
    isComplete
      ? `next: model-diff combine ${folder}`
      : open.length > 0
        ? `next: ${isSubmitted(directory) ? resubmit(directory) : `model-diff --shard ${open[0] ?? 1} --run-dir ${folder}${open.length === 1 ? '' : `, and so for each of ${listNumbers(open)}`}`}`
        : 'next: remove the foreign files',
  ];
}

function describeWork({ part, progress }: PartState): string {
  if (progress === null) return '';
  const { bytesDone, bytesTotal, host, attempt, updated } = progress;
  const seconds = Math.max(0, Math.round((Date.now() - updated) / 1000));
  const again = attempt > 0 ? `, attempt ${attempt + 1}` : '';
  return `part ${part}: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)} on ${host}${again}, ${formatNoun(seconds, 'second')} ago`;
}

function spellStatus({ directory, plan, parts, foreign, bytes, bytesDone }: PartsStatus): unknown {
  return {
    directory,
    plan_hash: plan.hash,
    parts: parts.length,
    done: ofState(parts, 'done').length,
    bytes,
    bytes_done: bytesDone,
    missing: ofState(parts, 'missing').map(({ part }) => part),
    damaged: ofState(parts, 'damaged').map(({ part, reason }) => ({ part, reason })),
    foreign,
    begun: parts.flatMap(({ part, progress }) =>
      progress === null
        ? []
        : [
            {
              part,
              bytes_done: progress.bytesDone,
              bytes: progress.bytesTotal,
              host: progress.host,
              attempt: progress.attempt,
              updated_ms: progress.updated,
            },
          ],
    ),
  };
}
