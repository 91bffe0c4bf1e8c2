import { type Command, Option } from 'commander';
import { FORMAT_NAMES } from '../report/formats.ts';
import { PRECISIONS } from './flags.ts';
import {
  parseDetail,
  parseFormat,
  collectLimit,
  collect,
  parseCount,
  parseParts,
  parsePositive,
  parseThreshold,
} from './parse-flags.ts';
import { PROGRESS_WHENS, WHENS } from './terminal.ts';

export function addReportFlags(command: Command): Command {
  command
    .optionsGroup('Output:')
    .addOption(new Option('-f, --format <format>', 'report format on stdout').choices([...FORMAT_NAMES]).argParser(parseFormat))
    .addOption(new Option('--json', 'same as --format json').conflicts('format'))
    .addOption(
      new Option(
        '-o, --output <file>',
        'also write a report to this file; the extension picks the format: .html .json .jsonl .txt .md .csv (repeatable)',
      ).argParser(collect),
    )
    .addOption(
      new Option('--top <n>', 'rows per list; the rest is counted (default: 50, or on a terminal what fits)').argParser(
        parseCount,
      ),
    )
    .addOption(
      new Option('--metrics-json <file>', 'also write flat numbers for experiment trackers to this file, or - for stdout'),
    );
  return addProvenanceFlag(command);
}

/** How much of a comparison a web page holds. */
export function addDetailFlag(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .addOption(
      new Option(
        '--html-detail <how>',
        'tensors in a web page: full, top:N, or auto, which is full up to 150,000 tensors and top:5000 beyond (default: auto)',
      ).argParser(parseDetail),
    );
}

export function addProvenanceFlag(command: Command): Command {
  return command.addOption(
    new Option('--no-provenance', 'leave out date, paths, options and command line, for reproducible bytes'),
  );
}

/** @param quiet what `-q` does */
export function addCommonFlags(
  command: Command,
  quiet = 'print errors only, and the report if --format or --json asks for one',
): Command {
  return command
    .optionsGroup('Display:')
    .addOption(new Option('--color <when>', 'color the output').choices([...WHENS]).default('auto'))
    .addOption(new Option('--ascii', 'draw with ASCII characters only; any other in a name appears as \\u{...}'))
    .addOption(new Option('-q, --quiet', quiet))
    .addOption(new Option('--verbose', 'print the causes of an error too'));
}

export function addRunFlags(command: Command): Command {
  return command
    .optionsGroup('Running:')
    .addOption(new Option('--threads <n>', 'worker threads (default: all cores)').argParser(parsePositive))
    .addOption(
      new Option('--progress <when>', 'show progress on stderr; json prints lines for a program')
        .choices([...PROGRESS_WHENS])
        .default('auto'),
    )
    .addOption(new Option('--no-progress', 'same as --progress never'));
}

export function addOpenFlags(command: Command): Command {
  return command
    .optionsGroup('Opening:')
    .addOption(
      new Option(
        '--key <path>',
        'which mapping of a PyTorch file holds the model, as a dotted path such as ema.state_dict (default: the best fit, or the largest)',
      ),
    )
    .addOption(new Option('--variant <name>', 'which variant of the weights to read from a directory, such as fp16'))
    .addOption(new Option('--include-optimizer', 'read optimizer state too'))
    .addOption(
      new Option('--raw', 'read quantized weights as stored, codes and scales apart, instead of the weights they stand for'),
    )
    .addOption(
      new Option(
        '--limit <cap>',
        'override a safety limit, as NAME=NUMBER; the error that stops at a limit names it (repeatable)',
      ).argParser(collectLimit),
    );
}

/** Of what opens one checkpoint. */
export function addAdapterFlag(command: Command): Command {
  return command.optionsGroup('Opening:').addOption(new Option('--adapter <path>', 'merge this adapter into the checkpoint'));
}

/** Rules for what opens checkpoints and compares nothing. */
export function addSafetyFlag(command: Command): Command {
  return command.addOption(
    new Option('--fail-on <rule>', 'exit with 1 on "unsafe": a file could run code, or is a malformed archive').argParser(
      collect,
    ),
  );
}

/** Rules for a comparison. */
export function addRuleFlags(command: Command): Command {
  return command
    .optionsGroup('Rules:')
    .addOption(
      new Option(
        '--fail-on <rule>',
        "exit with 1 if a rule is broken: nan, structure, dtype, changed, unsafe, config, 'coverage<100%', 'change>5%', 'change>5%@*norm*', 'min(cosine)<0.98' (repeatable)",
      ).argParser(collect),
    )
    .addOption(new Option('--allow-nonfinite', 'judge tensors with new NaN or Inf by the rest of their elements'));
}

/** Where a comparison finds what it shares with others. */
export function addConfigFlags(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'rules and options (default: model-diff.config.json of the working directory)'))
    .addOption(new Option('--no-config', 'use no configuration'));
}

/** What a plan of a comparison fixes beside how checkpoints are opened. */
export function addPlannedFlags(command: Command): Command {
  return addPrefixFlag(addSideFlags(addComparingFlags(command)), 'one side has');
}

/** @param where who has a prefix that is taken off, as `one side has` */
export function addPrefixFlag(command: Command, where: string): Command {
  return command
    .optionsGroup('Comparing:')
    .addOption(new Option('--no-auto-prefix', `keep prefixes such as module. that only ${where}`));
}

/** What is told of a comparison, and how it exits. */
export function addResultFlags(command: Command): Command {
  return command
    .optionsGroup('Comparing:')
    .addOption(new Option('--include-unchanged', 'list unchanged tensors too'))
    .addOption(
      new Option('--histogram', 'save in JSON how many elements of each tensor changed by how much; a web page always has it'),
    )
    .addOption(new Option('--exit-code', 'exit with 1 unless all weights are identical'));
}

/** A comparison without values, in one run and of two checkpoints. */
export function addHeadersFlag(command: Command): Command {
  return command
    .optionsGroup('Comparing:')
    .addOption(new Option('--headers-only', 'compare names, shapes, dtypes and configuration, and read no values'));
}

/** How many parts, and where they are kept. @param short one-letter names, as `-n, ` */
export function addPartsFlags(command: Command, short: readonly [parts: string, runDir: string]): Command {
  return command
    .optionsGroup('In parts:')
    .addOption(new Option(`${short[0]}--parts <n>`, 'parts to cut the comparison into, 1 to 99999').argParser(parseParts))
    .addOption(new Option(`${short[1]}--run-dir <folder>`, 'folder that holds the plan and the parts'));
}

/** What jobs of a scheduler ask for. */
export function addJobFlags(command: Command): Command {
  return command
    .optionsGroup('Jobs:')
    .addOption(new Option('--cpus <n>', 'cores of a part (default: 8)').argParser(parsePositive))
    .addOption(new Option('--mem <size>', 'memory of a part, as sbatch takes it (default: 4G)'))
    .addOption(new Option('--time <limit>', 'time limit of a part, as sbatch takes it'))
    .addOption(new Option('--partition <name>', 'where to submit'))
    .addOption(new Option('--max-parallel <n>', 'parts at a time').argParser(parsePositive))
    .addOption(new Option('--stagger <seconds>', 'spread the starts, to spare the file system').argParser(parsePositive))
    .addOption(new Option('--sbatch-arg <option>', 'another option of sbatch, as --sbatch-arg=--account=me').argParser(collect))
    .addOption(new Option('--dry-run', 'print the scripts and commands, and submit nothing'));
}

/** One part of a comparison. */
export function addShardFlags(command: Command): Command {
  addPartsFlags(command, ['-n, ', ''])
    .addOption(
      new Option(
        '--shard <part>',
        'compare only this part, as 3/64, and keep it in --run-dir for model-diff combine; auto asks the scheduler (docs/scale.md)',
      ),
    )
    .addOption(new Option('--force', 'compare a part again that is already complete'));
  // Where an adapter lies is said by the flag that names it without a plan.
  return addMovedFlags(command, ['old', 'new']);
}

/** What a plan names and may lie elsewhere now, by the flag that says where. */
const MOVED = {
  old: 'old checkpoint',
  new: 'new checkpoint',
  'adapter-old': 'adapter of the old checkpoint',
  'adapter-new': 'adapter of the new checkpoint',
} as const;

/** Where what a plan names lies now. */
export function addMovedFlags(
  command: Command,
  names: readonly (keyof typeof MOVED)[] = ['old', 'new', 'adapter-old', 'adapter-new'],
): Command {
  command.optionsGroup('In parts:');
  for (const name of names)
    command.addOption(new Option(`--${name} <path>`, `where the ${MOVED[name]} lies, if not where it was planned from`));
  return command;
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
  add('adapter', 'path', 'merge this adapter into the SIDE checkpoint before comparing', false);
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
