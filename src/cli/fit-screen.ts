import { countLines } from '../report/text/count-lines.ts';
import type { TextOptions } from '../report/text/layout.ts';
import { paints, type Session } from './session.ts';
import { readColumns, readRows } from './terminal.ts';

/** What a text has to fit beside. */
export interface Beside {
  /** Lines that will follow it on stderr. */
  readonly after: readonly string[];
  /** `--top`. */
  readonly top: number | undefined;
  /** Rows of lists off a terminal. */
  readonly rows: number;
  /** What shows everything, where the longest list has so many rows. */
  readonly more: (rows: number) => string;
}

/**
 * The form of a text for stdout. On a terminal it is as wide as that, and so high that it can be seen with everything else that is written,
 * and the prompt below; with `--top` as long as it gets, since that is asked for.
 */
export function fitScreen(session: Session, { after, top, rows, more }: Beside): TextOptions {
  const { stdout, stderr } = session;
  const form = { ascii: session.ascii, color: paints(session, 'stdout'), more };
  if (stdout.isTTY !== true) return { ...form, rows: top ?? rows };
  const terminalWidth = readColumns(stdout);
  const others = stderr.isTTY === true ? session.logged + countLines(after.map(leaveRoom), terminalWidth) : 0;
  const lines = Math.max(1, readRows(stdout) - 1 - others);
  if (top !== undefined) return { ...form, terminalWidth, rows: top, screenLines: lines };
  return { ...form, terminalWidth, rows: lines, terminalHeight: lines };
}

/** How long the run took is known when it is over, and may take some more digits than now. */
function leaveRoom(line: string): string {
  return line.padEnd(line.length + 10);
}
