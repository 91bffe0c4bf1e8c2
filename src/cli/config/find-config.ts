import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DIFF_OPTIONS, resolveOptions } from '../../compare/options.ts';
import { argumentError, ModelDiffError } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { toSnakeCase } from '../../wording/snake-case.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { isInside } from '../checkpoint-files.ts';
import { chooseConfig } from '../choose-options.ts';
import { findStats } from '../find-stats.ts';
import type { ResultFlags } from '../flags.ts';
import { describeSystemError } from '../../system-error.ts';
import { log, type Session } from '../session.ts';
import { readOptions } from './add-config.ts';
import { readFields } from './check-config.ts';
import { type Config, CONFIG_NAME, CONFIG_SCHEMA } from './config-schema.ts';

/** A configuration, and the file it is from as messages name it. */
export interface FoundConfig {
  readonly path: string;
  readonly config: Config;
}

/** More than any configuration takes. */
const MOST_BYTES = 1 << 20;

/**
 * The configuration of a comparison: the file that `--config` names, or the one of the working directory. Says which is used, and which is
 * not, with `-q` too: it decides what the status is. A checkpoint comes from strangers: what lies in its folder is not read, even where that
 * is the working directory.
 *
 * @throws ModelDiffError for a file that cannot be read or holds something else
 */
export function findConfig(session: Session, flags: Pick<ResultFlags, 'config'>, inputs: readonly string[]): FoundConfig | null {
  if (flags.config === false) return null;
  const path = flags.config ?? CONFIG_NAME;
  if (flags.config === undefined) {
    if (findStats(path) === undefined) return null;
    const input = inputs.find(isFromHere);
    if (input !== undefined) {
      const why = `for this is the folder of the checkpoint ${escapeTerminal(input)}`;
      log(session, `note: ${path} is not used, ${why}; --config ${path} uses it, --no-config is silent about it`);
      return null;
    }
  }
  const config = readConfig(path);
  log(session, `Using ${escapeTerminal(path)}.`);
  return { path, config };
}

function readConfig(path: string): Config {
  const text = readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw argumentError(
      `${path} is not JSON: ${describeSyntaxError(error, text)}`,
      'comments and commas at the end are not JSON',
    );
  }
  const config: Config = readFields(value, CONFIG_SCHEMA, path);
  checkValues(config, path);
  return config;
}

/** Looks at the values of the options as a comparison will. */
function checkValues(config: Config, path: string): void {
  const options = chooseConfig(readOptions(config));
  try {
    checkOptions(options, DIFF_OPTIONS, path);
    resolveOptions(options);
  } catch (error) {
    if (!(error instanceof ModelDiffError) || error.option === undefined) throw error;
    const key = error.option === 'changeThreshold' ? 'threshold' : toSnakeCase(error.option);
    throw argumentError(`${path}: ${error.message.replace(error.option, key)}`, error.hint);
  }
}

function readText(path: string): string {
  try {
    const stats = statSync(path);
    // A pipe would never end.
    if (!stats.isFile()) throw argumentError(`cannot read ${path}: expected a file`);
    if (stats.size > MOST_BYTES) throw argumentError(`${path} has ${stats.size} bytes: expected at most ${MOST_BYTES}`);
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw cause instanceof Error && 'syscall' in cause ? describeSystemError(cause, path, 'cannot read') : cause;
  }
}

/** What the parser says, with line and column where it says a position. */
function describeSyntaxError(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
  const [found, position] = / (?:in JSON )?at position (\d+).*$/.exec(message) ?? [];
  if (found === undefined) return message;
  const lines = text.slice(0, Number(position)).split('\n');
  return `${message.slice(0, -found.length)} at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Whether the working directory is the folder of a checkpoint: it holds the file, or is the folder or a part of it. */
function isFromHere(input: string): boolean {
  const stats = findStats(input);
  if (stats === undefined) return false;
  const here = realpathSync('.');
  const real = realpathSync(input);
  if (stats.isDirectory()) return isInside(here, real);
  return [dirname(real), realpathSync(dirname(input))].includes(here);
}
