import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMAT_NAMES, type ReportFormat } from '../report/formats.ts';
import { FAIL_RULES, type FailRule } from './fail-on.ts';
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
    .addOption(
      new Option('-f, --format <format>', 'format of the report on stdout').choices([...FORMAT_NAMES]).argParser(parseFormat),
    )
    .addOption(new Option('--json', 'short for --format json').conflicts('format'))
    .addOption(
      new Option(
        '-o, --output <file>',
        'write a report to a file too, in the format of its ending: .html .json .txt .md .csv (repeatable)',
      ).argParser(collect),
    )
    .addOption(
      new Option('--top <n>', 'rows of each list; what is left out is counted (default: 50, on a terminal what fits)').argParser(
        parseCount,
      ),
    );
}

export function addCommonFlags(command: Command): Command {
  return command
    .optionsGroup('Display:')
    .addOption(new Option('--color <when>', 'colours in what is printed').choices([...WHENS]).default('auto'))
    .addOption(new Option('--ascii', 'signs and bars in ASCII only'))
    .addOption(new Option('-q, --quiet', 'errors only; the exit status speaks (a format that is asked for is still printed)'))
    .addOption(new Option('--verbose', 'with an error, also its causes'));
}

export function addRunFlags(command: Command): Command {
  return command
    .optionsGroup('Running:')
    .addOption(new Option('--threads <n>', 'worker threads (default: all cores)').argParser(parsePositive))
    .addOption(new Option('--progress <when>', 'progress on stderr').choices([...WHENS]).default('auto'))
    .addOption(new Option('--no-progress', 'short for --progress never'));
}

export function addOpenFlags(command: Command): Command {
  return command
    .optionsGroup('Opening:')
    .addOption(
      new Option(
        '--key <path>',
        'mapping of a PyTorch file that holds the model, keys joined by dots, in every checkpoint (default: the largest)',
      ),
    )
    .addOption(new Option('--variant <name>', 'variant of the weights in a directory, as fp16 (default: the one without)'))
    .addOption(new Option('--include-optimizer', 'read tensors of optimizer states too'))
    .addOption(
      new Option(
        '--limit <cap>',
        'set a cap on what a file may ask for, as memory=1000000000; errors name them (repeatable)',
      ).argParser(collectLimit),
    )
    .addOption(
      new Option(
        '--fail-on <rule>',
        'exit with 1 when it is broken; unsafe: a file has dangerous or unknown globals or an odd archive (repeatable)',
      )
        .choices([...FAIL_RULES])
        .argParser(collectRule),
    );
}

export function addDiffFlags(command: Command): Command {
  addSideFlags(addComparingFlags(command));
  return command
    .optionsGroup('Comparing:')
    .addOption(new Option('--no-auto-prefix', "match names as they are: wrappers' prefixes such as module. stay on"))
    .addOption(new Option('--include-unchanged', 'list unchanged tensors too'))
    .addOption(new Option('--exit-code', 'exit with 1 when a value, a name, a shape or a dtype differs'))
    .addOption(new Option('--no-provenance', 'leave date, paths and command line out of the JSON: the same bytes everywhere'));
}

/** Flags for one side; each is added to what the flag for both sides says, or takes its place. */
function addSideFlags(command: Command): Command {
  command.optionsGroup('One side alone:');
  for (const side of ['old', 'new']) {
    command
      .addOption(new Option(`--key-${side} <path>`, `as --key, for the ${side} checkpoint alone`))
      .addOption(new Option(`--variant-${side} <name>`, `as --variant, for the ${side} checkpoint alone`))
      .addOption(
        new Option(
          `--include-${side} <glob>`,
          `tensors of the ${side} checkpoint to compare, by their names in the file (repeatable)`,
        ).argParser(collect),
      )
      .addOption(
        new Option(`--rename-${side} <rule>`, `as --rename, for the ${side} checkpoint alone (repeatable)`).argParser(collect),
      )
      .addOption(
        new Option(`--strip-prefix-${side} <text>`, `as --strip-prefix, for the ${side} checkpoint alone (repeatable)`).argParser(
          collect,
        ),
      );
  }
  return command;
}

/** What every comparison has, of two checkpoints or of more. */
export function addComparingFlags(command: Command): Command {
  return command
    .optionsGroup('Comparing:')
    .addOption(
      new Option('--threshold <x>', 'an element has changed when it differs by more than this (default: 1e-6)').argParser(
        parseThreshold,
      ),
    )
    .addOption(
      new Option('--precision <how>', 'sums to 1e-7 (fast) or to 1e-12 (double) of their terms (default: fast)').choices([
        ...PRECISIONS,
      ]),
    )
    .addOption(
      new Option('--include <glob>', 'compare only tensors with such a name; * is any text, dots too (repeatable)').argParser(
        collect,
      ),
    )
    .addOption(
      new Option('--exclude <glob>', 'leave out tensors with such a name; wins over --include (repeatable)').argParser(collect),
    )
    .addOption(
      new Option(
        '--rename <rule>',
        'change the names of every checkpoint before they are matched, as "^net\\.=>model." (REGEX=>REPLACEMENT; repeatable)',
      ).argParser(collect),
    )
    .addOption(
      new Option('--strip-prefix <text>', 'take this off the beginning of names of every checkpoint (repeatable)').argParser(
        collect,
      ),
    );
}

function parseFormat(value: string): ReportFormat {
  const format = FORMAT_NAMES.find((known) => known === value);
  if (format === undefined) throw new InvalidArgumentError(`Allowed choices are ${FORMAT_NAMES.join(', ')}.`);
  return format;
}

function collectRule(value: string, previous: readonly FailRule[] = []): FailRule[] {
  const rule = FAIL_RULES.find((known) => known === value);
  if (rule === undefined) throw new InvalidArgumentError(`Allowed choices are ${FAIL_RULES.join(', ')}.`);
  return [...previous, rule];
}

function collectLimit(value: string, previous: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name, count] = /^([a-z_]+)=(\d+)$/.exec(value) ?? [];
  if (name === undefined || count === undefined)
    throw new InvalidArgumentError('Expected a name and a whole number, as memory=1000000000.');
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
