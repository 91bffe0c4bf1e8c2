import { formatBytes, formatCount, formatNoun } from '../wording/numbers.ts';

/** What one comparison took. */
export interface RunFacts {
  readonly tensors: number;
  /** Tensors that were looked at a second time. */
  readonly probed: number;
  /** Bytes of all tensors of the old checkpoint; 0 for a manifest, whose tensors nobody reads. */
  readonly oldBytes: number;
  readonly newBytes: number;
  /** Of the whole run, from the start of the program on. */
  readonly seconds: number;
  readonly threads: number;
}

/** `Compared 291 tensors, 2 × 16.1 GB in 3.9 s (8.3 GB/s, 16 threads), 3 of them twice.` */
export function describeRun({ tensors, probed, oldBytes, newBytes, seconds, threads }: RunFacts): string {
  const [before, after] = [formatBytes(oldBytes), formatBytes(newBytes)];
  const sizes =
    oldBytes === 0 || newBytes === 0
      ? formatBytes(oldBytes + newBytes)
      : before === after
        ? `2 × ${before}`
        : `${before} and ${after}`;
  const rate = formatBytes(Math.round((oldBytes + newBytes) / Math.max(seconds, 1e-3)));
  const twice = probed > 0 ? `, ${formatCount(probed)} of them twice` : '';
  return `Compared ${formatNoun(tensors, 'tensor')}, ${sizes} in ${formatSeconds(seconds)} (${rate}/s, ${formatNoun(threads, 'thread')})${twice}.`;
}

/** `230 ms`, `3.9 s`. */
export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;
}
