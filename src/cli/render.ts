import type { SeriesProvenance } from '../comparison/provenance.ts';
import { argumentError } from '../errors.ts';
import type { ReportFormat } from '../report/formats.ts';
import { joinPieces, writeReport, writeSeries, type WriteOptions } from '../report/render.ts';
import type { Report } from '../report/report.ts';
import type { SeriesResult } from '../series/types.ts';
import { escapeTerminal, escapeTerminalLines } from '../wording/escape.ts';
import { formatBytes } from '../wording/numbers.ts';
import type { ReportFlags } from './flags.ts';
import { describeSystemError, type OutputFile, writeOutputs } from './output.ts';
import { fitScreen } from './fit-screen.ts';
import { settle } from './interrupt.ts';
import { paceText } from './pace.ts';
import { guardLog, log, type Session } from './session.ts';

/** Rows of lists, where no terminal bounds them. */
const ROWS = 50;

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
  return deliverWith(session, (format, options) => writeReport(choose(format), format, options), flags, outputs, after);
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
  return deliverWith(
    session,
    (format, options) => writeSeries(series, format, { ...options, provenance }),
    flags,
    outputs,
    after,
  );
}

async function deliverWith(
  session: Session,
  write: Write,
  flags: ReportFlags,
  outputs: readonly OutputFile[],
  after: readonly string[],
): Promise<void> {
  const options = { maxLayersDisplay: flags.top ?? ROWS, terminal: { ascii: flags.ascii === true } };
  const texts = outputs.map((output) => ({ ...output, pieces: write(output.format, options) }));
  const written = await writeOutputs(texts, session.signal);
  if (flags.quiet !== true)
    for (const { path, bytes } of written) log(session, `Wrote ${escapeTerminal(path)} (${formatBytes(bytes)}).`);
  const format = chooseFormat(flags);
  if (format === 'text') await print(session, renderForScreen(session, write, flags, after));
  else if (format !== null) await print(session, escapeForScreen(session, write(format, options)));
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

function renderForScreen(session: Session, write: Write, flags: ReportFlags, after: readonly string[]): string {
  const page = (flags.output ?? []).length > 0 ? '' : ', or -o report.html';
  const more = (rows: number): string => `--top ${rows}${page}`;
  const { rows = ROWS, ...terminal } = fitScreen(session, { after, top: flags.top, rows: ROWS, more });
  return guardLog(session, joinPieces(write('text', { maxLayersDisplay: rows, terminal })));
}
