import type { ReportFormat } from '../report/formats.ts';
import { writeReport, writeSeries, type WriteOptions } from '../report/render.ts';
import type { Report } from '../report/report.ts';
import type { SeriesResult } from '../series/types.ts';
import { escapeTerminal, escapeTerminalLines } from '../wording/escape.ts';
import { formatBytes } from '../wording/numbers.ts';
import type { ReportFlags } from './flags.ts';
import { type OutputFile, writeOutputs } from './output.ts';
import { log, paints, type Session } from './session.ts';
import { readColumns } from './terminal.ts';

const ROWS = 50;
/** A terminal shows at least these rows of the list, however low it is. */
const FEWEST_ROWS = 10;

/** Format of what goes to stdout, null for nothing. */
export function chooseFormat(flags: ReportFlags): ReportFormat | null {
  const asked = flags.json === true ? 'json' : flags.format;
  return asked ?? (flags.quiet === true ? null : 'text');
}

type Write = (format: ReportFormat, options: WriteOptions) => string;

/** Writes the files of a comparison, then its result to stdout. */
export function deliver(session: Session, report: Report, flags: ReportFlags, outputs: readonly OutputFile[]): Promise<void> {
  return deliverWith(session, (format, options) => writeReport(report, format, options), flags, outputs);
}

/** As {@link deliver}, for a series. */
export function deliverSeries(
  session: Session,
  series: SeriesResult,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
): Promise<void> {
  return deliverWith(session, (format, options) => writeSeries(series, format, options), flags, outputs);
}

async function deliverWith(session: Session, write: Write, flags: ReportFlags, outputs: readonly OutputFile[]): Promise<void> {
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
  const text = format === 'text' ? renderForScreen(session, write, flags) : render(format);
  await print(session, session.stdout.isTTY === true && format !== 'text' ? escapeTerminalLines(text) : text);
}

/** Writes to stdout and waits until it is taken. */
export async function print(session: Session, text: string): Promise<void> {
  session.clearLine?.();
  await new Promise<void>((resolve, reject) => {
    session.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** The text as stdout takes it: on a terminal as wide as it is, and as long as it is high. */
function renderForScreen(session: Session, write: Write, flags: ReportFlags): string {
  const { stdout } = session;
  const base = { ascii: flags.ascii === true, color: paints(session, 'stdout'), moreHint: '--top' };
  const render = (rows: number, terminalWidth?: number): string =>
    write('text', { maxLayersDisplay: rows, terminal: { ...base, ...(terminalWidth !== undefined && { terminalWidth }) } });
  if (stdout.isTTY !== true) return render(flags.top ?? ROWS);
  const width = readColumns(stdout);
  if (flags.top !== undefined) return render(flags.top, width);
  const rest = render(0, width).split('\n').length + 5;
  return render(Math.min(ROWS, Math.max(FEWEST_ROWS, (stdout.rows || 24) - rest)), width);
}
