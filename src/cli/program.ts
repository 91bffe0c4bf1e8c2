import { Argument, Command, Help, Option } from 'commander';
import { argumentError } from '../errors.ts';
import { TOOL } from '../tool.ts';
import {
  addAdapterFlag,
  addCommonFlags,
  addComparingFlags,
  addConfigFlags,
  addOpenFlags,
  addPartsFlags,
  addHeadersFlag,
  addPlannedFlags,
  addPrefixFlag,
  addProvenanceFlag,
  addDetailFlag,
  addJobFlags,
  addMovedFlags,
  addReportFlags,
  addResultFlags,
  addRuleFlags,
  addRunFlags,
  addSafetyFlag,
  addShardFlags,
} from './add-flags.ts';
import { writeBriefHelp } from './brief-help.ts';
import {
  type CommonFlags,
  type DemoFlags,
  type DiffFlags,
  type DoctorFlags,
  type HashFlags,
  INSPECT_FORMATS,
  type InspectFlags,
} from './flags.ts';
import type { CombineFlags, PlanFlags, SavedFlags, SeriesFlags, StatusFlags, SubmitFlags } from './flags.ts';
import { findFlag } from './option-flags.ts';
import { parseCount } from './parse-flags.ts';
import type { Session } from './session.ts';

/** What to run for each command. Each imports what it needs only when it is called: `--help` loads nothing else. */
export interface Actions {
  readonly diff: (session: Session, old: string, next: string, flags: DiffFlags) => Promise<void>;
  readonly shard: (session: Session, paths: readonly string[], flags: DiffFlags) => Promise<void>;
  readonly plan: (session: Session, old: string, next: string, flags: PlanFlags) => Promise<void>;
  readonly status: (session: Session, directory: string, flags: StatusFlags) => Promise<void>;
  readonly submit: (session: Session, paths: readonly string[], flags: SubmitFlags) => Promise<void>;
  readonly combine: (session: Session, directory: string, flags: CombineFlags) => Promise<void>;
  readonly inspect: (session: Session, path: string, flags: InspectFlags) => Promise<void>;
  readonly hash: (session: Session, path: string, flags: HashFlags) => Promise<void>;
  readonly series: (session: Session, paths: readonly string[], flags: SeriesFlags) => Promise<void>;
  readonly report: (session: Session, path: string, flags: SavedFlags) => Promise<void>;
  readonly demo: (session: Session, flags: DemoFlags) => Promise<void>;
  readonly doctor: (session: Session, flags: DoctorFlags) => Promise<void>;
  readonly schema: (session: Session, name: string, flags: CommonFlags) => Promise<void>;
  readonly gitDriver: (session: Session, args: readonly string[]) => Promise<void>;
}

/**
 * The whole command line as commander knows it.
 * @param isBrief whether the help of a command fits on one screen, where it has such a one
 * @param words of the call: of the other commands the flags are not made, which nobody can ask for; null for those of all
 */
export function createProgram(
  session: Session,
  actions: Actions,
  isBrief: boolean,
  words: readonly string[] | null = null,
): Command {
  const isNamed = (command: Command): boolean => words === null || words.includes(command.name());
  const program = new Command('model-diff')
    .description('Compare two machine-learning checkpoints and see what training changed.')
    .usage('[options] <old> <new>')
    .version(TOOL.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help: -h the most useful options, --help all')
    .helpCommand('help [command]', 'print help for a command')
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({
      // commander's own says whether a command has options by those that were made.
      subcommandTerm: (command) => `${command.name()} ${command.usage()}`,
      formatHelp: (command, help) =>
        (isBrief ? writeBriefHelp(command) : null) ?? Help.prototype.formatHelp.call(help, command, help),
    })
    .configureOutput({ writeErr: () => undefined })
    // A part of a plan that names them needs neither.
    .addArgument(new Argument('[old]', 'checkpoint before training: a file, directory, shard index, URL, hf:// name or manifest'))
    .addArgument(new Argument('[new]', 'checkpoint after training'))
    .action((old: string | undefined, next: string | undefined, flags: DiffFlags) => {
      if (flags.shard !== undefined && (old === undefined || next !== undefined))
        return actions.shard(
          session,
          [old, next].filter((path) => path !== undefined),
          flags,
        );
      requireNoParts(flags);
      if (old === undefined || next === undefined) return refuseMissing(program, old === undefined ? 'old' : 'new');
      return actions.diff(session, old, next, flags);
    });
  addDetailFlag(addReportFlags(program));
  addHeadersFlag(addResultFlags(addPlannedFlags(program)));
  addShardFlags(program);
  addOpenFlags(program);
  addConfigFlags(addRuleFlags(program));
  addRunFlags(program);
  addCommonFlags(program);
  if (!isBrief) program.addHelpText('after', EXAMPLES);

  const inspect = program
    .command('inspect')
    .description('list the contents of a checkpoint without reading its tensors')
    .argument('<checkpoint>', 'a file, directory, shard index, URL or hf:// name')
    .action((path: string, flags: InspectFlags) => actions.inspect(session, path, flags));
  if (isNamed(inspect)) addInspectFlags(inspect);

  const hash = program
    .command('hash')
    .description('write a manifest: a hash and statistics of every tensor, to compare with later')
    .argument('<checkpoint>', 'a file, directory, shard index or hf:// name')
    .action((path: string, flags: HashFlags) => actions.hash(session, path, flags));
  if (isNamed(hash)) addHashFlags(hash);
  if (!isBrief) hash.addHelpText('after', HASH_EXAMPLES);

  const series = program
    .command('series')
    .description('follow a model through two or more checkpoints, oldest first')
    .argument('<checkpoints...>', 'files, directories, shard indexes, URLs or hf:// names, oldest first')
    .action((paths: string[], flags: SeriesFlags) => actions.series(session, paths, flags));
  if (isNamed(series)) addSeriesFlags(series);
  if (!isBrief) series.addHelpText('after', SERIES_EXAMPLES);

  const plan = program
    .command('plan')
    .description('cut a comparison into parts for several machines, reading headers only')
    .argument('<old>', 'checkpoint before training')
    .argument('<new>', 'checkpoint after training')
    .action((old: string, next: string, flags: PlanFlags) => actions.plan(session, old, next, flags));
  if (isNamed(plan)) {
    addOpenFlags(addPlannedFlags(addPartsFlags(plan, ['-n, ', '-o, '])));
    addCommonFlags(addConfigFlags(plan), 'print errors only');
  }

  const status = program
    .command('status')
    .description('show which parts of a planned comparison are done')
    .argument('<folder>', 'the --run-dir of the parts')
    .action((directory: string, flags: StatusFlags) => actions.status(session, directory, flags));
  if (isNamed(status))
    addCommonFlags(status.addOption(new Option('--json', 'print JSON')), 'print nothing, and exit with 1 unless all is done');

  const submit = program
    .command('submit')
    .description('compare in parts on a cluster: plan, submit all parts and the job that combines them')
    .usage('slurm [options] [old] [new]')
    .addArgument(new Argument('<scheduler>', 'what runs the jobs').choices(['slurm']))
    .argument('[old]', 'checkpoint before training; none of both to submit again what --run-dir lacks')
    .argument('[new]', 'checkpoint after training')
    .action((_: string, old: string | undefined, next: string | undefined, flags: SubmitFlags) => {
      if (old !== undefined && next === undefined) return refuseMissing(program, 'new');
      return actions.submit(
        session,
        [old, next].filter((path) => path !== undefined),
        flags,
      );
    });
  if (isNamed(submit)) addSubmitFlags(submit);

  const combine = program
    .command('combine')
    .description('report a comparison from its parts, as if it had been made in one')
    .argument('<folder>', 'the --run-dir of the parts')
    .action((directory: string, flags: CombineFlags) => actions.combine(session, directory, flags));
  if (isNamed(combine)) addCombineFlags(combine);

  const report = program
    .command('report')
    .description('write reports from a comparison saved as JSON')
    .argument('<file>', 'a JSON report, or - for stdin')
    .action((path: string, flags: SavedFlags) => actions.report(session, path, flags));
  if (isNamed(report)) addCommonFlags(addRuleFlags(addDetailFlag(addReportFlags(report))));

  const schema = program
    .command('schema')
    .description('print the JSON Schema of a format that this program writes or reads')
    .addArgument(new Argument('[name]', 'which one').default('report'))
    .action((name: string, flags: CommonFlags) => actions.schema(session, name, flags));
  if (isNamed(schema)) addCommonFlags(schema);

  const demo = program
    .command('demo')
    .description('compare two small checkpoints that come with this program')
    .action((flags: DemoFlags) => actions.demo(session, flags));
  if (isNamed(demo)) addCommonFlags(addDetailFlag(addReportFlags(demo)));

  const doctor = program
    .command('doctor')
    .description('check the installation, and print what to do if it does not work')
    .action((flags: DoctorFlags) => actions.doctor(session, flags));
  if (isNamed(doctor)) addCommonFlags(doctor.addOption(new Option('--json', 'print JSON')));

  // Its arguments come from git, whatever they look like.
  program
    .command('git-driver')
    .description('show a changed checkpoint in git diff; docs/git.md says how to set it up')
    .usage('[arguments...]')
    .argument('[arguments...]', 'what git gives to an external diff')
    .allowUnknownOption()
    .passThroughOptions()
    .action((args: string[]) => actions.gitDriver(session, args));
  return program;
}

/** @throws ModelDiffError `E_ARGUMENT` for flags that only parts have */
function requireNoParts(flags: DiffFlags): void {
  if (flags.shard !== undefined) return;
  const name = (['runDir', 'parts', 'force', 'old', 'new'] as const).find((one) => flags[one] !== undefined);
  if (name !== undefined)
    throw argumentError(
      `${findFlag(name)} needs --shard`,
      'as in --shard 3/64 --run-dir run/; model-diff plan makes a plan only',
    );
}

/** As commander says it of an argument that is never optional. */
function refuseMissing(program: Command, name: string): never {
  return program.error(`error: missing required argument '${name}'`, { code: 'commander.missingArgument' });
}

function addSubmitFlags(command: Command): void {
  addPartsFlags(addJobFlags(command), ['-n, ', '']);
  addResultFlags(addDetailFlag(addReportFlags(command)));
  addOpenFlags(addPlannedFlags(command));
  addConfigFlags(addRuleFlags(command));
  addCommonFlags(command, 'print errors only');
}

function addCombineFlags(command: Command): void {
  addResultFlags(addDetailFlag(addReportFlags(command)));
  command
    .optionsGroup('In parts:')
    .addOption(new Option('--allow-partial', 'report what is there, if parts are missing; their tensors are errors'));
  addMovedFlags(command);
  addConfigFlags(addRuleFlags(command));
  addRunFlags(command);
  addCommonFlags(command);
}

function addInspectFlags(command: Command): void {
  command
    .optionsGroup('Output:')
    .addOption(new Option('-f, --format <format>', 'what to print').choices([...INSPECT_FORMATS]))
    .addOption(new Option('--json', 'same as --format json').conflicts('format'))
    .addOption(new Option('--top <n>', 'tensors to list (default: on a terminal what fits, otherwise all)').argParser(parseCount))
    .addOption(new Option('--stats', 'read the tensors for mean, std, min, max, zeros, NaN and Inf'))
    .addOption(new Option('--security', 'print only the findings: unsafe code, malformed archives and the like'));
  addProvenanceFlag(command);
  addSafetyFlag(addAdapterFlag(addOpenFlags(command)));
  addRunFlags(command);
  addCommonFlags(command, 'show no progress');
}

function addHashFlags(command: Command): void {
  command
    .optionsGroup('Output:')
    .addOption(new Option('-o, --output <file>', 'write the manifest to this .json file instead of stdout'));
  addProvenanceFlag(command);
  addSafetyFlag(addAdapterFlag(addOpenFlags(command)));
  addRunFlags(command);
  addCommonFlags(command, 'print errors only');
}

function addSeriesFlags(command: Command): void {
  addReportFlags(command);
  addPrefixFlag(addComparingFlags(command), 'some checkpoints have');
  addSafetyFlag(addOpenFlags(command)).addOption(
    new Option('--base <path>', 'the checkpoints are adapters trained on this model: merge each into it first'),
  );
  addRunFlags(command);
  addCommonFlags(command);
}

const HASH_EXAMPLES = `
Examples:
  model-diff hash release/ -o release.json      write a manifest
  model-diff release.json deployed/             compare with it: what differs?
  model-diff release.json deployed/ --exit-code -q
`;

const SERIES_EXAMPLES = `
Examples:
  model-diff series step-100/ step-200/ step-300/ -o series.html
  model-diff series run/*.safetensors --json | jq .verdict
`;

const EXAMPLES = `
Examples:
  model-diff base/ tuned/                       show what changed
  model-diff base/ tuned/ -o report.html        also write a web page
  model-diff a.safetensors b.safetensors --json | jq .analysis.summary
  model-diff base/ tuned/ --include '*.self_attn.*' --top 20
  model-diff ckpt.pt ckpt.pt --key-old ema --key-new model
  model-diff release/ trained/ --exit-code -q   exit with 1 unless identical
  model-diff inspect base/                      list tensors, shapes, dtypes
  model-diff hash base/ -o base.json            keep hashes for later
  model-diff series step-*/ -o series.html      see how a run went
  model-diff report report.json -o report.md    convert a saved report

Exit status:
  0    done
  1    not identical (--exit-code) or rule broken (--fail-on)
  2    error
  130  interrupted

If a checkpoint has the name of a command, write it as a path: ./inspect
`;
