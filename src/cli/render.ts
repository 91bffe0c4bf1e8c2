import { writeCsv } from '../report/csv.ts';
import { escapeTerminal, escapeTerminalLines } from '../report/escape.ts';
import { formatBytes } from '../report/format.ts';
import { writeHtml } from '../report/html.ts';
import { writeJson } from '../report/json.ts';
import { writeMarkdown } from '../report/markdown.ts';
import type { Report } from '../report/report.ts';
import { writeText } from '../report/text.ts';
import type { TextOptions } from '../report/text/layout.ts';
import type { ReportFormat } from '../report/visualizer.ts';
import type { ReportFlags } from './flags.ts';
import { type OutputFile, writeOutputs } from './output.ts';
import { paints, type Session, tell } from './session.ts';
import { readColumns } from './terminal.ts';

const ROWS = 50;
/** A terminal shows at least these rows of the list, however low it is. */
const FEWEST_ROWS = 10;

/** Format of what goes to stdout, null for nothing. */
export function chooseFormat(flags: ReportFlags): ReportFormat | null {
  const asked = flags.json === true ? 'json' : flags.format;
  return asked ?? (flags.quiet === true ? null : 'text');
}

/** How a result is written. */
export interface Writer {
  readonly write: (format: Exclude<ReportFormat, 'text'>, rows: number) => string;
  readonly writeText: (options: TextOptions) => string;
}

/** Writes the files, then the result to stdout. */
export function deliver(session: Session, report: Report, flags: ReportFlags, outputs: readonly OutputFile[]): Promise<void> {
  const writer: Writer = {
    write: (format, rows) => WRITERS[format](report, rows),
    writeText: (options) => writeText(report, options),
  };
  return deliverWith(session, writer, flags, outputs);
}

const WRITERS: Readonly<Record<Exclude<ReportFormat, 'text'>, (report: Report, rows: number) => string>> = {
  html: (report, rows) => writeHtml(report, { maxLayersDisplay: rows }),
  json: (report) => writeJson(report),
  markdown: (report, rows) => writeMarkdown(report, { rows }),
  csv: (report) => writeCsv(report),
};

/** As {@link deliver}, for any result. */
export async function deliverWith(
  session: Session,
  writer: Writer,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
): Promise<void> {
  const rendered = new Map<ReportFormat, string>();
  const texts = outputs.map((output) => {
    const text = rendered.get(output.format) ?? render(writer, output.format, flags);
    rendered.set(output.format, text);
    return { ...output, text };
  });
  await writeOutputs(texts, session.signal);
  if (flags.quiet !== true)
    for (const { path, text } of texts) tell(session, `Wrote ${escapeTerminal(path)} (${formatBytes(Buffer.byteLength(text))}).`);
  const format = chooseFormat(flags);
  if (format === null) return;
  const text =
    format === 'text' ? renderForScreen(session, writer, flags) : (rendered.get(format) ?? render(writer, format, flags));
  await print(session, session.stdout.isTTY === true && format !== 'text' ? escapeTerminalLines(text) : text);
}

/** Writes to stdout and waits until it is taken. */
export async function print(session: Session, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    session.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function render({ write, writeText: writePlain }: Writer, format: ReportFormat, flags: ReportFlags): string {
  const rows = flags.top ?? ROWS;
  return format === 'text' ? writePlain({ rows, ascii: flags.ascii === true }) : write(format, rows);
}

/** The text as stdout takes it: on a terminal as wide as it is, and as long as it is high. */
function renderForScreen(session: Session, { writeText: write }: Writer, flags: ReportFlags): string {
  const { stdout } = session;
  const base = { ascii: flags.ascii === true, color: paints(session, 'stdout'), moreHint: '--top' };
  if (stdout.isTTY !== true) return write({ ...base, rows: flags.top ?? ROWS });
  const onTerminal = { ...base, terminalWidth: readColumns(stdout) };
  if (flags.top !== undefined) return write({ ...onTerminal, rows: flags.top });
  const rest = write({ ...onTerminal, rows: 0 }).split('\n').length + 5;
  return write({ ...onTerminal, rows: Math.min(ROWS, Math.max(FEWEST_ROWS, (stdout.rows || 24) - rest)) });
}
