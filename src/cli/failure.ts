import { ModelDiffError } from '../errors.ts';
import { escapeTerminal, escapeTerminalLines } from '../wording/escape.ts';
import { choosePaint } from '../report/text/paint.ts';
import { describeFinding } from './describe-finding.ts';
import { findFlag, spellFlags } from './option-flags.ts';

/** How a failure is told on stderr. */
export interface FailureOptions {
  /** Also the chain of causes, and the stack of a bug. */
  readonly verbose: boolean;
  readonly color: boolean;
  /** Options that come from a configuration, by their names in the library, and what to call them. */
  readonly configured?: ReadonlyMap<string, string> | undefined;
}

/**
 * An error in words: `error[E_TRUNCATED]: …` and what to do about it, with flags where the library names its options. Text that comes
 * from files is escaped.
 */
export function describeFailure(error: unknown, { verbose, color, configured }: FailureOptions): string {
  const paint = choosePaint(color);
  const known = error instanceof ModelDiffError;
  // Advice on the installation is of several lines and our own; everything else may quote a file.
  const escape = known && error.kind === 'NativeLoad' ? escapeTerminalLines : escapeTerminal;
  const code = known ? error.code : 'E_INTERNAL';
  // What was noticed before a file broke may be why it broke.
  const findings = known ? error.findings.filter((finding) => finding.severity !== 'info').slice(0, 10) : [];
  const option = known ? error.option : undefined;
  const lines = [`${paint('bad', `error[${code}]`)}: ${escape(spellFlags(readMessage(error), option, configured))}`];
  const hint = known ? readHint(error, configured) : 'this is a bug in model-diff; please report it with the output of --verbose';
  if (hint !== undefined) lines.push(`${paint('accent', 'hint')}: ${escape(hint)}`);
  lines.push(...findings.map((finding) => describeFinding(finding, paint)));
  if (verbose) {
    for (let cause = readCause(error), depth = 0; cause !== undefined && depth < 10; cause = readCause(cause), depth += 1) {
      lines.push(`cause: ${escapeTerminal(readMessage(cause))}`);
    }
    if (!known && error instanceof Error) lines.push(escapeTerminalLines(error.stack ?? ''));
  }
  return `${lines.join('\n')}\n`;
}

function readHint({ hint, option }: ModelDiffError, configured: FailureOptions['configured']): string | undefined {
  if (hint === undefined) return undefined;
  if (option !== undefined && configured?.has(option) === true) return spellFlags(hint, option, configured);
  // A value by itself is half of what has to be typed.
  return spellFlags(option === undefined ? hint : hint.replace(/^for example '/, `for example ${findFlag(option)} '`), option);
}

function readMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readCause(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
