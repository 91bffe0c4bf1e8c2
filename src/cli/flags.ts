import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMAT_NAMES, type ReportFormat } from '../report/formats.ts';
import { LIMITS } from '../checkpoint/limits.ts';
import type { FailRule } from './fail-on.ts';
import { type When, WHENS } from './terminal.ts';

/** Flags that every command has. */
export interface CommonFlags {
  readonly color: When;
  readonly ascii?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

/** Flags of what writes a report. */
export interface ReportFlags extends CommonFlags {
  readonly format?: ReportFormat;
  readonly json?: true;
  readonly output?: readonly string[];
  readonly top?: number;
}

/** Flags of what reads tensors. */
export interface RunFlags {
  readonly progress: When | false;
  readonly threads?: number;
}

/** Flags of what opens checkpoints. */
export interface OpenFlags {
  readonly key?: string;
  readonly variant?: string;
  readonly includeOptimizer?: true;
  readonly limit?: Readonly<Record<string, number>>;
  readonly failOn?: readonly FailRule[];
}

/** How sums are taken. */
export const PRECISIONS = ['fast', 'double'] as const;

/** Flags for one side of a comparison, beside those for both. */
export interface SideFlags {
  readonly keyOld?: string;
  readonly keyNew?: string;
  readonly variantOld?: string;
  readonly variantNew?: string;
  readonly includeOld?: readonly string[];
  readonly includeNew?: readonly string[];
  readonly renameOld?: readonly string[];
  readonly renameNew?: readonly string[];
  readonly stripPrefixOld?: readonly string[];
  readonly stripPrefixNew?: readonly string[];
}

/** Flags of a comparison. */
export interface DiffFlags extends ReportFlags, RunFlags, OpenFlags, SideFlags {
  readonly threshold?: number;
  readonly precision?: (typeof PRECISIONS)[number];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly rename?: readonly string[];
  readonly stripPrefix?: readonly string[];
  readonly autoPrefix: boolean;
  readonly includeUnchanged?: true;
  readonly exitCode?: true;
  readonly provenance: boolean;
}

/** Flags of a series. */
export type SeriesFlags = Omit<DiffFlags, 'exitCode' | 'includeUnchanged' | 'autoPrefix' | 'provenance' | keyof SideFlags>;

/** Flags of a look into one checkpoint. */
export interface InspectFlags extends CommonFlags, RunFlags, OpenFlags {
  readonly json?: true;
  readonly top?: number;
  readonly stats?: true;
  readonly security?: true;
}

export function addReportFlags(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .addOption(new Option('-f, --format <format>', 'report format on stdout').choices([...FORMAT_NAMES]).argParser(parseFormat))
    .addOption(new Option('--json', 'same as --format json').conflicts('format'))
    .addOption(
      new Option(
        '-o, --output <file>',
        'also write a report to this file; the extension picks the format: .html .json .txt .md .csv (repeatable)',
      ).argParser(collect),
    )
    .addOption(
      new Option('--top <n>', 'rows per list; the rest is counted (default: 50, or what fits on the terminal)').argParser(
        parseCount,
      ),
    );
}

export function addCommonFlags(command: Command): Command {
  return command
    .optionsGroup('Display:')
    .addOption(new Option('--color <when>', 'color the output').choices([...WHENS]).default('auto'))
    .addOption(new Option('--ascii', 'use ASCII characters only'))
    .addOption(new Option('-q, --quiet', 'print errors only, and the report if --format or --json asks for one'))
    .addOption(new Option('--verbose', 'print the causes of an error too'));
}

export function addRunFlags(command: Command): Command {
  return command
    .optionsGroup('Running:')
    .addOption(new Option('--threads <n>', 'worker threads (default: all cores)').argParser(parsePositive))
    .addOption(new Option('--progress <when>', 'show progress on stderr').choices([...WHENS]).default('auto'))
    .addOption(new Option('--no-progress', 'same as --progress never'));
}

export function addOpenFlags(command: Command, rules: readonly FailRule[] = ['unsafe']): Command {
  return command
    .optionsGroup('Opening:')
    .addOption(
      new Option(
        '--key <path>',
        'which mapping of a PyTorch file holds the model, as a dotted path such as ema.state_dict (default: the largest)',
      ),
    )
    .addOption(new Option('--variant <name>', 'which variant of the weights to read from a directory, such as fp16'))
    .addOption(new Option('--include-optimizer', 'read optimizer state too'))
    .addOption(
      new Option(
        '--limit <cap>',
        'override a safety limit, as NAME=NUMBER; the error that stops at a limit names it (repeatable)',
      ).argParser(collectLimit),
    )
    .addOption(
      new Option(
        '--fail-on <rule>',
        `exit with 1 on ${rules.map((rule) => RULE_WORDS[rule]).join(' or ')} (repeatable)`,
      ).argParser((value: string, previous?: readonly FailRule[]) => collectRule(value, rules, previous)),
    );
}

const RULE_WORDS: Readonly<Record<FailRule, string>> = {
  unsafe: '"unsafe" (a file could run code, or is a malformed archive)',
  config: '"config" (configurations differ)',
};

export function addDiffFlags(command: Command): Command {
  addSideFlags(addComparingFlags(command));
  return command
    .optionsGroup('Comparing:')
    .addOption(new Option('--no-auto-prefix', 'keep prefixes such as module. that only one side has'))
    .addOption(new Option('--include-unchanged', 'list unchanged tensors too'))
    .addOption(new Option('--exit-code', 'exit with 1 unless all weights are identical'))
    .addOption(new Option('--no-provenance', 'leave date, paths and command line out of the JSON, for reproducible bytes'));
}

/** Flags for one side: `--key-old` and its like take the place of `--key`, the lists are added to those for both sides. */
function addSideFlags(command: Command): Command {
  command.optionsGroup('One side only:');
  const add = (flag: string, value: string, words: string, isList: boolean): void => {
    for (const side of ['old', 'new']) {
      const option = new Option(`--${flag}-${side} <${value}>`, words.replace('SIDE', side));
      command.addOption(isList ? option.argParser(collect) : option);
    }
  };
  add('key', 'path', '--key for the SIDE checkpoint', false);
  add('variant', 'name', '--variant for the SIDE checkpoint', false);
  add('include', 'glob', 'use only these SIDE tensors, by their names in the file', true);
  add('rename', 'rule', '--rename for the SIDE checkpoint', true);
  add('strip-prefix', 'text', '--strip-prefix for the SIDE checkpoint', true);
  return command;
}

/** What every comparison has, of two checkpoints or of more. */
export function addComparingFlags(command: Command): Command {
  return command
    .optionsGroup('Comparing:')
    .addOption(
      new Option('--threshold <x>', 'smallest difference that counts as a changed element (default: 1e-6)').argParser(
        parseThreshold,
      ),
    )
    .addOption(new Option('--precision <how>', 'accuracy of sums: 1e-7 or 1e-12 (default: fast)').choices([...PRECISIONS]))
    .addOption(
      new Option('--include <glob>', 'compare only tensors whose names match; * matches dots too (repeatable)').argParser(
        collect,
      ),
    )
    .addOption(new Option('--exclude <glob>', 'skip tensors whose names match, even if included (repeatable)').argParser(collect))
    .addOption(
      new Option(
        '--rename <rule>',
        'rewrite names before matching: "REGEX=>REPLACEMENT", such as "^net\\.=>model." (repeatable)',
      ).argParser(collect),
    )
    .addOption(
      new Option('--strip-prefix <text>', 'remove this prefix from names before matching (repeatable)').argParser(collect),
    );
}

function parseFormat(value: string): ReportFormat {
  const format = FORMAT_NAMES.find((known) => known === value);
  if (format === undefined) throw new InvalidArgumentError(`Allowed choices are ${FORMAT_NAMES.join(', ')}.`);
  return format;
}

function collectRule(value: string, rules: readonly FailRule[], previous: readonly FailRule[] = []): FailRule[] {
  const rule = rules.find((known) => known === value);
  if (rule === undefined) throw new InvalidArgumentError(`Allowed choices are ${rules.join(', ')}.`);
  return [...previous, rule];
}

function collectLimit(value: string, previous: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name = '', count = ''] = /^([a-z_]+)=(\d+)$/.exec(value) ?? [];
  if (!Object.hasOwn(LIMITS, name))
    throw new InvalidArgumentError(`Expected NAME=NUMBER, with one of the names ${Object.keys(LIMITS).join(', ')}.`);
  if (!Number.isSafeInteger(Number(count))) throw new InvalidArgumentError('Expected a smaller number.');
  return { ...previous, [name]: Number(count) };
}

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

export function parseCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Expected a whole number from 0.');
  return count;
}

function parsePositive(value: string): number {
  const count = parseCount(value);
  if (count < 1 || count > 1024) throw new InvalidArgumentError('Expected a whole number from 1 to 1024.');
  return count;
}

function parseThreshold(value: string): number {
  const threshold = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(threshold) || threshold < 0) throw new InvalidArgumentError('Expected a number from 0, such as 1e-6.');
  return threshold;
}
