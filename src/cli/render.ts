import type { SeriesProvenance } from '../comparison/provenance.ts';
import { argumentError } from '../errors.ts';
import type { ReportFormat } from '../report/formats.ts';
import { joinPieces, writeReport, writeSeries, type WriteOptions } from '../report/render.ts';
import type { Report } from '../report/report.ts';
import type { SeriesResult } from '../series/types.ts';
import { escapeTerminal, escapeTerminalLines } from '../wording/escape.ts';
import { formatBytes } from '../wording/numbers.ts';
import type { ReportFlags } from './flags.ts';
import { type OutputFile, writeOutputs } from './output.ts';
import { paceText } from './pace.ts';
import { log, paints, type Session } from './session.ts';
import { readColumns } from './terminal.ts';

const ROWS = 50;
/** A terminal shows at least these rows of the list, however low it is. */
const FEWEST_ROWS = 10;

/**
 * Format of what goes to stdout, null for nothing.
 * @throws ModelDiffError `E_ARGUMENT` for two of them
 */
export function chooseFormat(flags: ReportFlags): ReportFormat | null {
  const asked = flags.json === true ? 'json' : flags.format;
  if (flags.metricsJson !== '-') return asked ?? (flags.quiet === true ? null : 'text');
  if (asked !== undefined && asked !== 'metrics')
    throw argumentError(`--metrics-json - and --format ${asked} both go to stdout`, 'give --metrics-json a file');
  return 'metrics';
}

type Write = (format: ReportFormat, options: WriteOptions) => Iterable<string>;

/** Writes the files of a comparison, then its result to stdout. */
export function deliver(session: Session, report: Report, flags: ReportFlags, outputs: readonly OutputFile[]): Promise<void> {
  return deliverWith(session, (format, options) => writeReport(report, format, options), flags, outputs);
}

/** As {@link deliver}, for a series. */
export function deliverSeries(
  session: Session,
  series: SeriesResult,
  provenance: SeriesProvenance | null,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
): Promise<void> {
  return deliverWith(session, (format, options) => writeSeries(series, format, { ...options, provenance }), flags, outputs);
}

async function deliverWith(session: Session, write: Write, flags: ReportFlags, outputs: readonly OutputFile[]): Promise<void> {
  const options = { maxLayersDisplay: flags.top ?? ROWS, terminal: { ascii: flags.ascii === true } };
  const texts = outputs.map((output) => ({ ...output, pieces: write(output.format, options) }));
  const written = await writeOutputs(texts, session.signal);
  if (flags.quiet !== true)
    for (const { path, bytes } of written) log(session, `Wrote ${escapeTerminal(path)} (${formatBytes(bytes)}).`);
  const format = chooseFormat(flags);
  if (format === 'text') await print(session, [renderForScreen(session, write, flags)]);
  else if (format !== null) await print(session, escapeForScreen(session, write(format, options)));
}

/** Writes to stdout, a text or piece by piece, and waits until it is taken. @throws the signal's reason once it is aborted */
export async function print(session: Session, text: string | Iterable<string>): Promise<void> {
  const pieces = typeof text === 'string' ? [text] : text;
  session.clearLine?.();
  for await (const piece of paceText(pieces, session.signal)) {
    session.hasPrinted = true;
    await new Promise<void>((resolve, reject) => {
      session.stdout.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** Pieces of a format that is not made for terminals; whole lines. */
function* escapeForScreen({ stdout }: Session, pieces: Iterable<string>): Generator<string> {
  if (stdout.isTTY !== true) return yield* pieces;
  for (const piece of pieces) yield escapeTerminalLines(piece);
}

/** The text as stdout takes it: on a terminal as wide as it is, and as long as it is high. */
function renderForScreen(session: Session, write: Write, flags: ReportFlags): string {
  const { stdout } = session;
  const base = { ascii: flags.ascii === true, color: paints(session, 'stdout'), moreHint: '--top' };
  const render = (rows: number, terminalWidth?: number): string =>
    joinPieces(
      write('text', { maxLayersDisplay: rows, terminal: { ...base, ...(terminalWidth !== undefined && { terminalWidth }) } }),
    );
  if (stdout.isTTY !== true) return render(flags.top ?? ROWS);
  const width = readColumns(stdout);
  if (flags.top !== undefined) return render(flags.top, width);
  const rest = render(0, width).split('\n').length + 5;
  return render(Math.min(ROWS, Math.max(FEWEST_ROWS, (stdout.rows || 24) - rest)), width);
}
