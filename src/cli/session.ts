import { spellAscii } from '../report/text/ascii.ts';
import { countLines } from '../report/text/count-lines.ts';
import { spellAddress } from '../wording/address.ts';
import { quote } from '../wording/quote.ts';
import { decideColor, readColumns, type When } from './terminal.ts';

/** What one call of the program shares: where it writes, how it is stopped, how it ends. */
export interface Session {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** The command line, for the provenance of what is made. */
  readonly command: string;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Exit status, once it is decided. */
  exitCode: number | undefined;
  /** Share of the run that is done, 0 to 1, for the message after Ctrl-C. */
  done: number;
  /** Whether errors are told with their causes, and in colour. */
  verbose: boolean;
  color: When;
  /** Lines on stderr so far, as far as a terminal has to hold them beside the result. */
  logged: number;
  /** Whether everything that is printed is ASCII. */
  ascii: boolean;
  /** Library options that come from the configuration and no flag, as errors name them: `include of model-diff.config.json`. */
  configured?: ReadonlyMap<string, string> | undefined;
  /** Takes away the line of progress, where one is drawn. */
  clearLine?: (() => void) | undefined;
}

export function createSession(signal: AbortSignal, args: readonly string[]): Session {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    command: `model-diff ${args.map((argument) => quote(hideSignatures(argument))).join(' ')}`,
    signal,
    exitCode: undefined,
    done: 0,
    verbose: false,
    color: 'auto',
    logged: 0,
    ascii: false,
  };
}

/** An argument without the queries of the URLs in it, which may be signatures. */
function hideSignatures(argument: string): string {
  return argument.replace(/https?:\/\/.*/is, spellAddress);
}

/** Whether what goes to a stream of the session is coloured. */
export function paints(session: Session, stream: 'stdout' | 'stderr'): boolean {
  return decideColor(session.color, session[stream], session.env);
}

/** Takes over the flags that matter to whatever happens later. */
export function applyFlags(
  session: Session,
  flags: { readonly verbose?: true; readonly color: When; readonly ascii?: true },
): void {
  session.verbose = flags.verbose === true;
  session.color = flags.color;
  session.ascii = flags.ascii === true;
}

/** Text for a log. To a runner of GitHub Actions `##[` is a command anywhere in a line, and names come from files. */
export function guardLog({ env }: Session, text: string): string {
  return env['GITHUB_ACTIONS'] === 'true' ? text.replaceAll('##[', '# #[') : text;
}

/** Writes a line beside the result, on stderr. */
export function log(session: Session, line: string): void {
  session.clearLine?.();
  const text = guardLog(session, session.ascii ? spellAscii(line) : line);
  session.logged += countLines([text], readColumns(session.stderr));
  session.stderr.write(`${text}\n`);
}
