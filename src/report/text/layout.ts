import { escapeTerminal, quoteBlank } from '../../wording/escape.ts';
import { spellAscii } from './ascii.ts';
import { ASCII_GLYPHS, type Glyphs, UNICODE_GLYPHS } from './glyphs.ts';
import { choosePaint, type Paint } from './paint.ts';
import { findLargest } from '../../wording/numbers.ts';
import { measureCells, truncateMiddle } from '../../wording/width.ts';

/** Options of the text report. */
export interface TextOptions {
  /** Rows of each list; what is left out is counted in words. @default 50 */
  readonly rows?: number;
  /** Columns of the terminal. Names are shortened and lines wrapped to it; without it names are written in full. @default none: 100 columns, full names */
  readonly terminalWidth?: number | undefined;
  /** Lines that the report may take: it says what it leaves out. @default any number */
  readonly terminalHeight?: number | undefined;
  /** Lines that can be seen at once: a report of more ends with its conclusion once more. @default any number */
  readonly screenLines?: number | undefined;
  /** Signs and bars in ASCII. @default false */
  readonly ascii?: boolean;
  /** ANSI colours. @default false */
  readonly color?: boolean;
  /** What the reader can do to see everything, as `--top 57`; the longest list has so many rows. @default nothing */
  readonly more?: (rows: number) => string;
}

/** The decided form of one text report. */
export interface Layout {
  readonly rows: number;
  /** Columns to fill. */
  readonly width: number;
  /** Columns of the terminal, at which it breaks lines; Infinity where there is none. */
  readonly columns: number;
  /** Lines to fill; Infinity for any number. */
  readonly height: number;
  /** Lines that can be seen at once; Infinity where none go out of sight. */
  readonly screenLines: number;
  /** Whether names must fit. */
  readonly onTerminal: boolean;
  readonly glyphs: Glyphs;
  /** The characters of a text that the report may show. */
  readonly spell: (text: string) => string;
  readonly paint: Paint;
  readonly more: (rows: number) => string;
}

/** Decides the form of a text report. */
export function chooseLayout(options: TextOptions): Layout {
  const { rows = 50, terminalWidth, terminalHeight, screenLines, ascii = false, color = false, more = () => '' } = options;
  return {
    rows,
    width: Math.max(40, terminalWidth ?? 100),
    columns: terminalWidth ?? Number.POSITIVE_INFINITY,
    height: terminalHeight ?? Number.POSITIVE_INFINITY,
    screenLines: screenLines ?? Number.POSITIVE_INFINITY,
    onTerminal: terminalWidth !== undefined,
    spell: ascii ? spellAscii : (text) => text,
    glyphs: ascii ? ASCII_GLYPHS : UNICODE_GLYPHS,
    paint: choosePaint(color),
    more,
  };
}

/** Cells of a name off a terminal: more than any real one has. */
const LONGEST_NAME = 512;

/** A name from a file: escaped, and shortened in the middle to `cells` on a terminal; elsewhere only where no table could hold it. */
export function fitName(text: string, cells: number, layout: Layout): string {
  const name = quoteBlank(text);
  const most = layout.onTerminal ? Math.max(8, cells) : LONGEST_NAME;
  // A name of a megabyte is not escaped whole to show a line of it.
  const ends = name.length > 4 * most ? `${name.slice(0, 2 * most)}${layout.glyphs.ellipsis}${name.slice(-2 * most)}` : name;
  return truncateMiddle(layout.spell(escapeTerminal(ends)), most, layout.glyphs.ellipsis);
}

/** Names are filled up to so many cells at most; a longer one moves its own numbers only. */
const WIDEST_NAME = 120;

/** Cells of a column of names below its title. */
export function measureNames(names: readonly string[], title: string): number {
  return Math.min(WIDEST_NAME, Math.max(title.length, findLargest(names.map((name) => measureCells(name)))));
}
