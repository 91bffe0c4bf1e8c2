import { Argument, Command, Option } from 'commander';
import { TOOL } from '../tool.ts';
import {
  addCommonFlags,
  addComparingFlags,
  addDiffFlags,
  addOpenFlags,
  addReportFlags,
  addRunFlags,
  type DiffFlags,
  type InspectFlags,
  parseCount,
  type ReportFlags,
  type SeriesFlags,
} from './flags.ts';
import type { Session } from './session.ts';

/** What to run for each command. Each imports what it needs only when it is called: `--help` loads nothing else. */
export interface Actions {
  readonly diff: (session: Session, old: string, next: string, flags: DiffFlags) => Promise<void>;
  readonly inspect: (session: Session, path: string, flags: InspectFlags) => Promise<void>;
  readonly series: (session: Session, paths: readonly string[], flags: SeriesFlags) => Promise<void>;
  readonly report: (session: Session, path: string, flags: ReportFlags) => Promise<void>;
}

/** The whole command line as commander knows it. */
export function createProgram(session: Session, actions: Actions): Command {
  const program = new Command('model-diff')
    .description('Compares two machine-learning checkpoints tensor by tensor and explains what training changed.')
    .usage('[options] <old> <new>')
    .version(TOOL.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addArgument(new Argument('<old>', 'the checkpoint before: a file, a directory or an index.json'))
    .addArgument(new Argument('<new>', 'the checkpoint after'))
    .action((old: string, next: string, flags: DiffFlags) => actions.diff(session, old, next, flags));
  addReportFlags(program);
  addDiffFlags(program);
  addOpenFlags(program);
  addRunFlags(program);
  addCommonFlags(program);
  program.addHelpText('after', EXAMPLES);

  const inspect = program
    .command('inspect')
    .description('tell what a checkpoint consists of, from its headers alone')
    .argument('<checkpoint>', 'a file, a directory or an index.json')
    .optionsGroup('Output:')
    .addOption(new Option('--json', 'as JSON'))
    .addOption(
      new Option('--top <n>', 'rows of the list of tensors (default: 50 on a terminal, otherwise all)').argParser(parseCount),
    )
    .addOption(new Option('--stats', 'read the tensors: mean, std, min, max, zeros, NaN and Inf'))
    .addOption(new Option('--security', 'only what is peculiar about the files'))
    .action((path: string, flags: InspectFlags) => actions.inspect(session, path, flags));
  addOpenFlags(inspect);
  addRunFlags(inspect);
  addCommonFlags(inspect);

  const series = program
    .command('series')
    .description('follow a model over two or more checkpoints, in the order of training')
    .argument('<checkpoints...>', 'files, directories or index.json, the first one the start')
    .action((paths: string[], flags: SeriesFlags) => actions.series(session, paths, flags));
  addReportFlags(series);
  addComparingFlags(series);
  addOpenFlags(series);
  addRunFlags(series);
  addCommonFlags(series);
  series.addHelpText('after', SERIES_EXAMPLES);

  const report = program
    .command('report')
    .description('write reports of a result that was saved as JSON')
    .argument('<file>', 'a report in JSON, or - for stdin')
    .action((path: string, flags: ReportFlags) => actions.report(session, path, flags));
  addReportFlags(report);
  addCommonFlags(report);
  return program;
}

const SERIES_EXAMPLES = `
Examples:
  model-diff series step-100/ step-200/ step-300/ -o series.html
  model-diff series run/*.safetensors --json | jq .verdict
`;

const EXAMPLES = `
Examples:
  model-diff base/ tuned/                       what changed, on the terminal
  model-diff base/ tuned/ -o report.html        and as a page
  model-diff a.safetensors b.safetensors --json | jq .analysis.summary
  model-diff base/ tuned/ --include '*.self_attn.*' --top 20
  model-diff release/ trained/ --exit-code -q   status 1 unless identical
  model-diff inspect base/                      tensors, shapes, dtypes, sizes
  model-diff series step-*/ -o series.html      how a run went, where it broke
  model-diff report report.json -o report.md    a saved result in another format

Exit status:
  0 done   1 different (--exit-code) or a broken rule (--fail-on)
  2 trouble   130 interrupted

A checkpoint that is called like a command is written with a path: ./inspect
`;
