import type { StructureComparison } from '../../comparison/structure.ts';
import { argumentError } from '../../errors.ts';
import { writeStructureJson } from '../../report/json/structure.ts';
import { spellAscii } from '../../report/text/ascii.ts';
import { writeStructure } from '../../report/text/headers.ts';
import { chooseOptions } from '../choose-options.ts';
import { EXIT } from '../exit.ts';
import type { DiffFlags } from '../flags.ts';
import { logFindings } from '../log-findings.ts';
import { findFlag } from '../option-flags.ts';
import { ProgressLine } from '../progress.ts';
import { chooseFormat, print } from '../render.ts';
import type { RulePlan } from '../rules.ts';
import { guardLog, type Session } from '../session.ts';

/** `model-diff OLD NEW --headers-only`: names, shapes, dtypes and configuration. */
export async function runStructure(
  session: Session,
  paths: Readonly<Record<'old' | 'new', string>>,
  flags: DiffFlags,
  plan: RulePlan,
): Promise<void> {
  refuseForStructure(flags);
  if (plan.rules.length > 0)
    throw argumentError(
      'the configuration has rules, and --headers-only reads no values to hold to them',
      'leave it out with --no-config',
    );
  const format = chooseFormat(flags);
  if (format !== 'text' && format !== 'json' && format !== null)
    throw argumentError(`--headers-only prints text or JSON, not ${format}`, 'use --json');
  const progress = new ProgressLine(session, flags, format === 'text');
  const { compareStructure } = await import('../../compare/compare-structure.ts');
  const found = await compareStructure(paths.old, paths.new, {
    ...chooseOptions(flags),
    provenance: flags.provenance && { command: session.command },
    signal: session.signal,
    onProgress: progress.update,
  });
  await progress.enter('write');
  session.exitCode = flags.exitCode === true && !found.isSame ? EXIT.different : EXIT.done;
  if (flags.quiet !== true) logFindings(session, [...found.old.findings, ...found.new.findings]);
  if (format === null) return;
  await print(session, write(session, found, flags));
}

function* write(session: Session, found: StructureComparison, flags: DiffFlags): Generator<string> {
  if (chooseFormat(flags) === 'json') return yield* writeStructureJson(found);
  for (const piece of writeStructure(found, flags.top)) yield guardLog(session, session.ascii ? spellAscii(piece) : piece);
}

/** What is about values, or writes what only a whole comparison has. */
function refuseForStructure(flags: DiffFlags): void {
  const needsValues = [
    'failOn',
    'allowNonfinite',
    'output',
    'metricsJson',
    'histogram',
    'includeUnchanged',
    'htmlDetail',
  ] as const;
  const given = needsValues.find((name) => flags[name] !== undefined);
  if (given !== undefined)
    throw argumentError(`${findFlag(given)} has no effect on --headers-only, which reads no values`, 'leave one of both out');
}
