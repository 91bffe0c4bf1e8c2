import type { Command } from 'commander';

/** What `-h` says of a command, on one screen. All else is in `--help`. */
interface Brief {
  /** Long names of options, and what each is for in one line. */
  readonly options: readonly (readonly [name: string, words: string])[];
  readonly examples: readonly string[];
}

const OUTPUT = ['--output', 'also write a report: .html .json .md .csv .txt'] as const;
const FORMAT = ['--format', 'print this format instead of text'] as const;
const TOP = ['--top', 'rows per list'] as const;
const QUIET = ['--quiet', 'print errors only'] as const;

/** Commands that only the whole help lists. */
const RARE: ReadonlySet<string> = new Set(['git-driver', 'schema', 'status']);

/** By name of the command. One that is not listed has only its whole help. */
const BRIEFS: Readonly<Record<string, Brief>> = {
  'model-diff': {
    options: [
      OUTPUT,
      FORMAT,
      TOP,
      ['--include', 'compare only tensors whose names match, as in "*.mlp.*"'],
      ['--exclude', 'skip tensors whose names match'],
      ['--rename', 'rewrite names before matching: "REGEX=>REPLACEMENT"'],
      ['--key', 'which mapping of a PyTorch file holds the model'],
      ['--exit-code', 'exit with 1 unless all weights are identical'],
      ['--fail-on', 'exit with 1 if this rule is broken'],
      QUIET,
    ],
    examples: [
      'model-diff base/ tuned/',
      'model-diff base/ tuned/ -o report.html',
      "model-diff a.safetensors b.safetensors --include '*.self_attn.*' --top 20",
      'model-diff series step-100/ step-200/ step-300/',
    ],
  },
  inspect: {
    options: [
      ['--json', 'print JSON'],
      ['--top', 'tensors to list'],
      ['--stats', 'read the tensors: mean, std, range, zeros, NaN and Inf'],
      ['--security', 'print only the findings'],
      ['--key', 'which mapping of a PyTorch file holds the model'],
      ['--fail-on', 'exit with 1 if this rule is broken'],
    ],
    examples: ['model-diff inspect base/', 'model-diff inspect model.pt --security'],
  },
  hash: {
    options: [
      ['--output', 'write the manifest to this .json file instead of stdout'],
      ['--key', 'which mapping of a PyTorch file holds the model'],
      ['--raw', 'hash quantized weights as they are stored'],
      ['--no-provenance', 'leave out date, path and command line'],
      QUIET,
    ],
    examples: ['model-diff hash release/ -o release.json', 'model-diff release.json deployed/'],
  },
  series: {
    options: [OUTPUT, FORMAT, TOP, ['--include', 'follow only tensors whose names match'], QUIET],
    examples: ['model-diff series step-100/ step-200/ step-300/ -o series.html'],
  },
  report: {
    options: [OUTPUT, FORMAT, TOP, QUIET],
    examples: ['model-diff report report.json -o report.html'],
  },
};

/** The short help of a command; null where it has none of its own. */
export function writeBriefHelp(command: Command): string | null {
  const brief = BRIEFS[command.name()];
  if (brief === undefined) return null;
  const options = brief.options.map(([name, words]) => [findFlags(command, name), words] as const);
  const width = Math.max(...options.map(([flags]) => flags.length));
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  const others = command.commands
    .map((one) => one.name())
    .filter((one) => !RARE.has(one))
    .join(', ');
  return [
    `Usage: ${name} ${command.usage()}`,
    command.description(),
    '',
    ...options.map(([flags, words]) => `  ${flags.padEnd(width)}  ${words}`),
    '',
    ...(others === '' ? [] : [`Commands: ${others}`]),
    `All options: ${name} --help`,
    '',
    'Examples:',
    ...brief.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}

function findFlags(command: Command, name: string): string {
  const option = command.options.find(({ long }) => long === name);
  if (option === undefined) throw new Error(`${command.name()} has no option ${name}`);
  return option.short === undefined ? `    ${option.flags}` : option.flags;
}
