import type { Progress } from '../checkpoint/types.ts';
import { formatBytes, formatCount } from '../wording/numbers.ts';

/** What a run is doing: what the library counts, and what it cannot count. */
export type Phase = Progress['phase'] | 'analyze' | 'write';

/** How far a phase is; the counts are absent where there are none. */
export interface Step extends Partial<Omit<Progress, 'phase'>> {
  readonly phase: Phase;
}

export const PHASES: Readonly<Record<Phase, string>> = {
  open: 'opening',
  compare: 'comparing',
  probe: 'looking again at',
  statistics: 'reading',
  analyze: 'analyzing',
  write: 'writing',
};

/** Share of a phase that is done, 0 to 1; of what is opened, by tensors. */
export function shareOf({ bytesDone = 0, bytesTotal = 0, tensorsDone = 0, tensorsTotal = 0 }: Step): number {
  if (bytesTotal > 0) return Math.min(1, bytesDone / bytesTotal);
  return tensorsTotal > 0 ? Math.min(1, tensorsDone / tensorsTotal) : 0;
}

/** `61% 86.2/141 GB 7.4 GB/s ETA 0:07`, or `headers 40,000/100,000` while there are no bytes; empty where nothing is known. */
export function describeStep(step: Step, rate: number): string {
  const { bytesDone = 0, bytesTotal = 0, tensorsDone = 0, tensorsTotal = 0 } = step;
  if (bytesTotal === 0) {
    const total = tensorsTotal > 0 ? `/${formatCount(tensorsTotal)}` : '';
    return tensorsDone > 0 || total !== '' ? `headers ${formatCount(tensorsDone)}${total}` : '';
  }
  const percent = `${String(Math.floor(shareOf(step) * 100)).padStart(3)}%`;
  const [done, total] = [formatBytes(bytesDone), formatBytes(bytesTotal)].map((text) => text.split(' '));
  const sizes = done?.[1] === total?.[1] ? `${done?.[0]}/${total?.join(' ')}` : `${done?.join(' ')}/${total?.join(' ')}`;
  if (!(rate > 0)) return `${percent} ${sizes}`;
  const seconds = Math.ceil((bytesTotal - bytesDone) / rate);
  return `${percent} ${sizes} ${formatBytes(rate)}/s ETA ${formatDuration(seconds)}`;
}

/** One line for a program: `{"phase":"compare","share":0.61,…}`. */
export function spellStep(step: Step, seconds: number): string {
  const { phase, bytesDone, bytesTotal, tensorsDone, tensorsTotal } = step;
  return JSON.stringify({
    phase,
    share: bytesTotal === undefined ? null : Number(shareOf(step).toFixed(4)),
    bytes_done: bytesDone ?? null,
    bytes_total: bytesTotal ?? null,
    tensors_done: tensorsDone ?? null,
    tensors_total: tensorsTotal ?? null,
    seconds: Number(seconds.toFixed(3)),
  });
}

/** `0:07`, `12:40`, `1:02:03`. */
function formatDuration(seconds: number): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}
