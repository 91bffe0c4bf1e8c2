import type { ReportFormat } from '../report/formats.ts';
import { writeReport, writeSeries, type WriteOptions } from '../report/render.ts';
import type { Report } from '../report/report.ts';
import type { SeriesResult } from '../series/types.ts';
import { escapeTerminal, escapeTerminalLines } from '../wording/escape.ts';
import { formatBytes } from '../wording/numbers.ts';
import type { ReportFlags } from './flags.ts';
import { type OutputFile, writeOutputs } from './output.ts';
import { fitScreen } from './fit-screen.ts';
import { log, type Session } from './session.ts';

/** Rows of lists, where no terminal bounds them. */
const ROWS = 50;

/** Format of what goes to stdout, null for nothing. */
export function chooseFormat(flags: ReportFlags): ReportFormat | null {
  const asked = flags.json === true ? 'json' : flags.format;
  return asked ?? (flags.quiet === true ? null : 'text');
}

type Write = (format: ReportFormat, options: WriteOptions) => string;

/**
 * Writes the files of a comparison, then its result to stdout.
 * @param after lines that will follow on stderr: on a terminal the result leaves room for them
 */
export function deliver(
  session: Session,
  report: Report,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[] = [],
): Promise<void> {
  return deliverWith(session, (format, options) => writeReport(report, format, options), flags, outputs, after);
}

/** As {@link deliver}, for a series. */
export function deliverSeries(
  session: Session,
  series: SeriesResult,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[] = [],
): Promise<void> {
  return deliverWith(session, (format, options) => writeSeries(series, format, options), flags, outputs, after);
}

async function deliverWith(
  session: Session,
  write: Write,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[],
): Promise<void> {
  const rendered = new Map<ReportFormat, string>();
  const render = (format: ReportFormat): string => {
    const known = rendered.get(format);
    if (known !== undefined) return known;
    const text = write(format, { maxLayersDisplay: flags.top ?? ROWS, terminal: { ascii: flags.ascii === true } });
    rendered.set(format, text);
    return text;
  };
  const texts = outputs.map((output) => ({ ...output, text: render(output.format) }));
  await writeOutputs(texts, session.signal);
  if (flags.quiet !== true)
    for (const { path, text } of texts) log(session, `Wrote ${escapeTerminal(path)} (${formatBytes(Buffer.byteLength(text))}).`);
  const format = chooseFormat(flags);
  if (format === null) return;
  const text = format === 'text' ? renderForScreen(session, write, flags, after) : render(format);
  await print(session, session.stdout.isTTY === true && format !== 'text' ? escapeTerminalLines(text) : text);
}

/** Writes to stdout and waits until it is taken. */
export async function print(session: Session, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    session.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function renderForScreen(session: Session, write: Write, flags: ReportFlags, after: readonly string[]): string {
  const page = (flags.output ?? []).length > 0 ? '' : ', or -o report.html';
  const more = (rows: number): string => `--top ${rows}${page}`;
  const { rows = ROWS, ...terminal } = fitScreen(session, { after, top: flags.top, rows: ROWS, more });
  return write('text', { maxLayersDisplay: rows, terminal });
}
