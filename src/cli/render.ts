import type { SeriesProvenance } from '../comparison/provenance.ts';
import { argumentError } from '../errors.ts';
import type { ReportFormat } from '../report/formats.ts';
import type { Report } from '../report/report.ts';
import { loadWriter } from '../report/writers/load.ts';
import { joinPieces, ROWS, type Writer, type WriteOptions } from '../report/writers/writer.ts';
import type { SeriesResult } from '../series/types.ts';
import { escapeTerminal, escapeTerminalLines } from '../wording/escape.ts';
import { formatBytes } from '../wording/numbers.ts';
import type { ReportFlags } from './flags.ts';
import { type OutputFile, writeOutputs } from './output.ts';
import { describeSystemError } from '../system-error.ts';
import { fitScreen } from './fit-screen.ts';
import { settle } from './interrupt.ts';
import { paceText } from './pace.ts';
import { guardLog, log, type Session } from './session.ts';

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

/**
 * Loads what a result will be written with. While a long run is at work the package may be replaced, and what is loaded after that is
 * another version's.
 */
export async function loadWriters(flags: ReportFlags, outputs: readonly OutputFile[]): Promise<void> {
  const shown = chooseFormat(flags);
  const formats = [...outputs.map(({ format }) => format), ...(shown === null ? [] : [shown])];
  await Promise.all(formats.map((format) => loadWriter(format)));
}

type Write = (writer: Writer, options: WriteOptions, format: ReportFormat) => Iterable<string>;

/**
 * Writes the files of a comparison, then its result to stdout.
 * @param choose what each format is written from
 * @param after lines that will follow on stderr: on a terminal the result leaves room for them
 */
export function deliver(
  session: Session,
  choose: (format: ReportFormat) => Report,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[] = [],
): Promise<void> {
  return deliverWith(session, (writer, options, format) => writer.comparison(choose(format), options), flags, outputs, after);
}

/** As {@link deliver}, for a series. */
export function deliverSeries(
  session: Session,
  series: SeriesResult,
  provenance: SeriesProvenance | null,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[] = [],
): Promise<void> {
  return deliverWith(session, (writer, options) => writer.series(series, { ...options, provenance }), flags, outputs, after);
}

async function deliverWith(
  session: Session,
  write: Write,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[],
): Promise<void> {
  const { top = ROWS, htmlDetail = 'auto', ascii = false } = flags;
  const options = { maxLayersDisplay: top, htmlDetail, terminal: { ascii } };
  const texts = await Promise.all(
    outputs.map(async (output) => ({ ...output, pieces: write(await loadWriter(output.format), options, output.format) })),
  );
  const written = await writeOutputs(texts, session.signal);
  if (flags.quiet !== true)
    for (const { path, bytes } of written) log(session, `Wrote ${escapeTerminal(path)} (${formatBytes(bytes)}).`);
  const format = chooseFormat(flags);
  if (format === null) return;
  const writer = await loadWriter(format);
  const writeWith = (chosen: WriteOptions): Iterable<string> => write(writer, chosen, format);
  if (format === 'text') await print(session, renderForScreen(session, writeWith, flags, after));
  else await print(session, escapeForScreen(session, writeWith(options)));
}

/** Writes to stdout, a text or piece by piece, and waits until it is taken. @throws the signal's reason once it is aborted */
export async function print(session: Session, text: string | Iterable<string>): Promise<void> {
  const pieces = typeof text === 'string' ? [text] : text;
  session.clearLine?.();
  // From here on an interrupt ends the program: what is printed cannot be taken back.
  await settle();
  session.signal.throwIfAborted();
  for await (const piece of paceText(pieces, session.signal)) {
    await new Promise<void>((resolve, reject) => {
      session.stdout.write(piece, (error) => (error ? reject(describeOutputError(error)) : resolve()));
    });
  }
}

/** A reader that has gone is told from a disk that is full. */
function describeOutputError(error: NodeJS.ErrnoException): Error {
  return error.code === 'EPIPE' ? error : describeSystemError(error, 'stdout', 'cannot write to');
}

/** Pieces of a format that is not made for terminals; whole lines. */
function* escapeForScreen({ stdout }: Session, pieces: Iterable<string>): Generator<string> {
  if (stdout.isTTY !== true) return yield* pieces;
  for (const piece of pieces) yield escapeTerminalLines(piece);
}

function renderForScreen(
  session: Session,
  write: (options: WriteOptions) => Iterable<string>,
  flags: ReportFlags,
  after: readonly string[],
): string {
  const page = (flags.output ?? []).length > 0 ? '' : ', or -o report.html';
  const more = (rows: number): string => `--top ${rows}${page}`;
  const { rows = ROWS, ...terminal } = fitScreen(session, { after, top: flags.top, rows: ROWS, more });
  return guardLog(session, joinPieces(write({ maxLayersDisplay: rows, terminal })));
}
