import { fstatSync } from 'node:fs';
import type { Progress } from '../checkpoint/types.ts';
import type { CommonFlags, RunFlags } from './flags.ts';
import { settle } from './interrupt.ts';
import { describeStep, type Phase, PHASES, shareOf, spellStep, type Step } from './progress-words.ts';
import type { Session } from './session.ts';
import { isPlain, readColumns } from './terminal.ts';

/** How progress is told: one line that is drawn over, plain lines now and then, lines of JSON for a program, or nothing. */
type ProgressMode = 'live' | 'plain' | 'json' | 'none';

/** Decides it: see the documentation of `--progress`. */
function chooseMode({ progress, quiet }: CommonFlags & RunFlags, session: Session, stdoutIsText: boolean): ProgressMode {
  if (quiet === true || progress === false || progress === 'never') return 'none';
  if (progress === 'always') return 'live';
  if (progress === 'json') return 'json';
  if (session.stderr.isTTY !== true || isPlain(session.env)) return 'plain';
  // A text that is piped into a pager shares the screen with the line.
  return stdoutIsText && session.stdout.isTTY !== true && isPipe(1) ? 'none' : 'live';
}

/** Plain lines are for runs that last: seconds until the first, seconds and share between two. */
const PLAIN = { first: 10, seconds: 30, share: 0.1 };
/** A run that is over at once draws nothing. */
const LIVE_FIRST_SECONDS = 0.15;
const CLEAR = '\r\u001b[2K';

/** Tells how far a run is, on stderr. Whatever else is printed takes the line away first. */
export class ProgressLine {
  readonly #session: Session;
  readonly #mode: ProgressMode;
  readonly #ascii: boolean;
  readonly #started: number = process.uptime();
  #phase: Phase | undefined;
  #rate = 0;
  #toldAt: { seconds: number; share: number } = { seconds: Number.NEGATIVE_INFINITY, share: 0 };

  constructor(session: Session, flags: CommonFlags & RunFlags, stdoutIsText: boolean) {
    this.#session = session;
    this.#mode = chooseMode(flags, session, stdoutIsText);
    this.#ascii = flags.ascii === true;
  }

  /** For `onProgress`. */
  readonly update = (progress: Progress): void => {
    this.#rate = this.#rate === 0 ? progress.bytesPerSecond : 0.7 * this.#rate + 0.3 * progress.bytesPerSecond;
    this.#tell(progress);
  };

  /** Says what cannot be counted. It keeps the thread busy, so that an interrupt is looked at first. @throws the signal's reason once it is aborted */
  async enter(phase: 'analyze' | 'write'): Promise<void> {
    this.#tell({ phase });
    await settle();
    this.#session.signal.throwIfAborted();
  }

  #tell(step: Step): void {
    const share = shareOf(step);
    if (step.bytesTotal !== undefined && step.phase !== 'open') this.#session.done = share;
    if (step.phase !== this.#phase) {
      this.#phase = step.phase;
      this.#rate = 0;
      this.#toldAt = { seconds: this.#toldAt.seconds, share: 0 };
    }
    const seconds = process.uptime() - this.#started;
    if (this.#mode === 'json') this.#session.stderr.write(`${spellStep(step, process.uptime())}\n`);
    if (this.#mode === 'live' && seconds >= LIVE_FIRST_SECONDS) this.#draw(step, share);
    if (this.#mode === 'plain') this.#say(step, share, seconds);
  }

  #draw(step: Step, share: number): void {
    const words = PHASES[step.phase];
    const numbers = describeStep(step, this.#rate);
    const room = readColumns(this.#session.stderr) - words.length - numbers.length - 3;
    const bar = room >= 8 && share > 0 ? `${drawBar(share, Math.min(room, 30), this.#ascii)} ` : '';
    this.#session.stderr.write(`${CLEAR}${words}${numbers === '' ? '' : ` ${bar}${numbers}`}`);
    this.#session.clearLine = () => {
      this.#session.clearLine = undefined;
      this.#session.stderr.write(CLEAR);
    };
  }

  #say(step: Step, share: number, seconds: number): void {
    const due =
      seconds >= PLAIN.first && (seconds - this.#toldAt.seconds >= PLAIN.seconds || share - this.#toldAt.share >= PLAIN.share);
    if (!due || share >= 1) return;
    this.#toldAt = { seconds, share };
    this.#session.stderr.write(
      `model-diff: ${PHASES[step.phase]} ${describeStep(step, this.#rate).trimStart()}`.trimEnd() + '\n',
    );
  }
}

function drawBar(share: number, cells: number, ascii: boolean): string {
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
