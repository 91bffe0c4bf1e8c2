import { fstatSync } from 'node:fs';
import type { Progress } from '../checkpoint/types.ts';
import { formatBytes } from '../wording/numbers.ts';
import type { Session } from './session.ts';
import { isPlain, readColumns, type When } from './terminal.ts';

/** How progress is told: one line that is drawn over, plain lines now and then, or nothing. */
export type ProgressMode = 'live' | 'plain' | 'none';

/** Decides it: see the documentation of `--progress`. */
export function chooseProgress(when: When, session: Session, stdoutIsText: boolean): ProgressMode {
  if (when === 'never') return 'none';
  if (when === 'always') return 'live';
  if (session.stderr.isTTY !== true || isPlain(session.env)) return 'plain';
  // A text that is piped into a pager shares the screen with the line.
  return stdoutIsText && session.stdout.isTTY !== true && isPipe(1) ? 'none' : 'live';
}

/** Plain lines are for runs that last: seconds until the first, seconds and share between two. */
const PLAIN = { first: 10, seconds: 30, share: 0.1 };
/** A run that is over at once draws nothing. */
const LIVE_FIRST_SECONDS = 0.15;
const CLEAR = '\r\u001b[2K';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** Tells how far a run is, on stderr. */
export class ProgressLine {
  readonly #session: Session;
  readonly #mode: ProgressMode;
  readonly #ascii: boolean;
  readonly #started: number = performance.now();
  readonly #giveCursorBack = (): void => this.stop();
  #rate = 0;
  #drawn = false;
  #toldAt: { seconds: number; share: number } = { seconds: Number.NEGATIVE_INFINITY, share: 0 };

  constructor(session: Session, mode: ProgressMode, ascii: boolean) {
    this.#session = session;
    this.#mode = mode;
    this.#ascii = ascii;
  }

  /** For `onProgress`. */
  readonly update = (progress: Progress): void => {
    const { bytesDone, bytesTotal, bytesPerSecond } = progress;
    const share = bytesTotal > 0 ? Math.min(1, bytesDone / bytesTotal) : 0;
    this.#session.done = share;
    this.#rate = this.#rate === 0 ? bytesPerSecond : 0.7 * this.#rate + 0.3 * bytesPerSecond;
    const seconds = (performance.now() - this.#started) / 1000;
    if (this.#mode === 'live' && seconds >= LIVE_FIRST_SECONDS) this.#draw(progress, share);
    if (this.#mode === 'plain') this.#say(progress, share, seconds);
  };

  /** Removes the line and gives the cursor back. */
  stop(): void {
    process.removeListener('exit', this.#giveCursorBack);
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#session.stderr.write(CLEAR + SHOW_CURSOR);
  }

  #draw(progress: Progress, share: number): void {
    if (!this.#drawn) {
      this.#drawn = true;
      process.once('exit', this.#giveCursorBack);
      this.#session.stderr.write(HIDE_CURSOR);
    }
    const words = `${PHASES[progress.phase]} `;
    const numbers = ` ${describe(progress, share, this.#rate)}`;
    const room = readColumns(this.#session.stderr) - words.length - numbers.length - 1;
    const bar = room >= 8 ? drawLine(share, Math.min(room, 30), this.#ascii) : '';
    this.#session.stderr.write(CLEAR + words + bar + numbers);
  }

  #say(progress: Progress, share: number, seconds: number): void {
    const due =
      seconds >= PLAIN.first && (seconds - this.#toldAt.seconds >= PLAIN.seconds || share - this.#toldAt.share >= PLAIN.share);
    if (!due || share >= 1) return;
    this.#toldAt = { seconds, share };
    this.#session.stderr.write(`model-diff: ${describe(progress, share, this.#rate)}\n`);
  }
}

const PHASES: Readonly<Record<Progress['phase'], string>> = {
  open: 'opening',
  compare: 'comparing',
  probe: 'looking again at',
  statistics: 'reading',
};

/** `61% 86.2/141 GB 7.4 GB/s ETA 0:07`. */
function describe({ bytesDone, bytesTotal }: Progress, share: number, rate: number): string {
  const percent = `${String(Math.floor(share * 100)).padStart(3)}%`;
  const [done, total] = [formatBytes(bytesDone), formatBytes(bytesTotal)].map((text) => text.split(' '));
  const sizes = done?.[1] === total?.[1] ? `${done?.[0]}/${total?.join(' ')}` : `${done?.join(' ')}/${total?.join(' ')}`;
  if (!(rate > 0)) return `${percent} ${sizes}`;
  const seconds = Math.ceil((bytesTotal - bytesDone) / rate);
  return `${percent} ${sizes} ${formatBytes(rate)}/s ETA ${formatDuration(seconds)}`;
}

/** `0:07`, `12:40`, `1:02:03`. */
export function formatDuration(seconds: number): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

function drawLine(share: number, cells: number, ascii: boolean): string {
  const filled = Math.floor(share * cells);
  const [full, tip, rest] = ascii ? ['#', '#', '-'] : ['━', '╸', '─'];
  return filled >= cells ? full.repeat(cells) : full.repeat(filled) + tip + rest.repeat(cells - filled - 1);
}

function isPipe(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFIFO();
  } catch {
    return false;
  }
}
