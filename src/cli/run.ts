import { CommanderError } from 'commander';
import { argumentError } from '../errors.ts';
import { spellAscii } from '../report/text/ascii.ts';
import { EXIT } from './exit.ts';
import { describeFailure } from './failure.ts';
import { watchInterrupt } from './interrupt.ts';
import { refuseMisspelt } from './misspelt-command.ts';
import { type Actions, createProgram } from './program.ts';
import { createSession, guardLog, log, paints, type Session } from './session.ts';

/** Runs the program once and sets its exit status. Never rejects. */
export async function run(args: readonly string[]): Promise<void> {
  const interrupt = watchInterrupt();
  const session = createSession(interrupt.signal, args);
  outliveBrokenPipes(session);
  try {
    const isBare = args.length === 0;
    const actions = {
      diff: async (...call) => (await import('./commands/diff.ts')).runDiff(...call),
      shard: async (...call) => (await import('./commands/shard.ts')).runShard(...call),
      plan: async (...call) => (await import('./commands/plan.ts')).runPlan(...call),
      status: async (...call) => (await import('./commands/status.ts')).runStatus(...call),
      submit: async (...call) => (await import('./commands/submit.ts')).runSubmit(...call),
      combine: async (...call) => (await import('./commands/combine.ts')).runCombine(...call),
      inspect: async (...call) => (await import('./commands/inspect.ts')).runInspect(...call),
      hash: async (...call) => (await import('./commands/hash.ts')).runHash(...call),
      series: async (...call) => (await import('./commands/series.ts')).runSeries(...call),
      report: async (...call) => (await import('./commands/report.ts')).runReport(...call),
      schema: async (...call) => (await import('./commands/schema.ts')).runSchema(...call),
      demo: async (...call) => (await import('./commands/demo.ts')).runDemo(...call),
      doctor: async (...call) => (await import('./commands/doctor.ts')).runDoctor(...call),
      gitDriver: async (...call) => (await import('./commands/git-driver.ts')).runGitDriver(...call),
    } satisfies Actions;
    const program = createProgram(session, actions, isBare || (args.includes('-h') && !args.includes('--help')), args);
    if (isBare) {
      session.stderr.write(program.helpInformation());
      process.exitCode = EXIT.trouble;
      return;
    }
    refuseMisspelt(args, [...program.commands.map((command) => command.name()), 'help']);
    await program.parseAsync([...args], { from: 'user' });
    session.clearLine?.();
    process.exitCode = session.exitCode ?? EXIT.done;
  } catch (error) {
    session.clearLine?.();
    if (interrupt.signal.aborted) {
      log(session, `cancelled at ${Math.floor(session.done * 100)}%, nothing written`);
      interrupt.reraise();
      return;
    }
    process.exitCode = isBrokenPipe(error) ? (session.exitCode ?? EXIT.trouble) : fail(session, error, args);
  }
}

/** Writes an error and gives the exit status for it. */
function fail(session: Session, error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const failure = error instanceof CommanderError ? readUsageError(error, args) : error;
  const verbose = session.verbose || args.includes('--verbose');
  const text = describeFailure(failure, { verbose, color: paints(session, 'stderr'), configured: session.configured });
  session.stderr.write(guardLog(session, session.ascii ? spellAscii(text) : text));
  return EXIT.trouble;
}

/** What to do about a wrong call, where something better can be said than to read the help. */
const USAGE_HINTS: readonly (readonly [words: RegExp, hint: string])[] = [
  [/missing required argument 'new'/, 'a comparison takes two checkpoints; for one, use model-diff inspect'],
  [/too many arguments/, 'put quotes around a pattern with a *; for more than two checkpoints, use model-diff series'],
];

/** Commands that have a help of their own. */
const SUBCOMMANDS: ReadonlySet<string> = new Set([
  'inspect',
  'hash',
  'series',
  'submit',
  'plan',
  'status',
  'combine',
  'report',
  'schema',
  'demo',
  'doctor',
]);

/** commander's message and its suggestion as an error of ours. */
function readUsageError({ message }: CommanderError, args: readonly string[]): Error {
  const [first = '', ...rest] = message.split('\n');
  const suggestion = rest.map((line) => /^\(Did you mean (.*)\?\)$/s.exec(line)?.[1]).find((word) => word !== undefined);
  const command = SUBCOMMANDS.has(args[0] ?? '') ? `model-diff ${args[0]}` : 'model-diff';
  const hint = USAGE_HINTS.find(([words]) => words.test(first))?.[1] ?? `${command} --help lists the arguments and options`;
  return argumentError(first.replace(/^error: /, ''), suggestion === undefined ? hint : `did you mean ${suggestion}?`);
}

/**
 * A stream that nobody reads any more does not end the program: the files that were asked for are still written. What stderr does not take is
 * dropped. Who writes the result to stdout is told there that it was not taken; a reader that has seen enough (`| head`) is no error.
 */
function outliveBrokenPipes({ stdout, stderr }: Session): void {
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';
}
