import type { RunOptions } from '../checkpoint/types.ts';
import { spellEngineOptions } from '../compare/run-diff.ts';
import { argumentError, ModelDiffError } from '../errors.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { readAttempt } from './attempt.ts';
import { partPath, writeWhole } from './folder.ts';
import type { MadePlan } from './make-plan.ts';
import { hintMoved, locateInputs } from './moved-inputs.ts';
import { checkComparePart } from './options.ts';
import { encodePart, MOST_PART_BYTES } from './part-file.ts';
import { readPlan } from './plan-file.ts';
import { keepPlanned } from './plan-options.ts';
import { requirePlan, settlePlan, withPlan } from './plan-parts.ts';
import { ProgressFile } from './progress-file.ts';
import { findPart } from './scan.ts';
import { crashIfTested } from './test-crash.ts';
import type { ComparedPart, ComparePartOptions, MovedInputs, PartsPlan, PlannedOptions } from './types.ts';

/**
 * Compares one part of a plan, and writes it into the folder of the run. A part that is there is not compared again.
 *
 * @param part its number, from 1
 * @throws `ModelDiffError` as `compare`; `E_PLAN_MISMATCH` where the checkpoints or options are not those of the plan.
 */
export async function comparePart(directory: string, part: number, options: ComparePartOptions = {}): Promise<ComparedPart> {
  checkComparePart(directory, part, options);
  const { plan: asked, force = false, threads, signal, onProgress } = options;
  const { known, paths, planned, of } =
    asked === undefined ? await readInputs(directory, options) : await askInputs(directory, asked);
  if (part > of) throw argumentError(`part ${part} does not exist: the plan has ${of}`);
  const run = { ...(threads !== undefined && { threads }), ...(signal && { signal }) };
  const compared = withPlan(paths, planned, of, run, async (made) => {
    await settlePlan(directory, made, known);
    const bytes = made.plan.parts[part - 1]?.bytes ?? 0;
    const done = { part, of, path: partPath(directory, part, of), bytes };
    const found = await findPart(directory, made.plan, part);
    if (found.state === 'done' && !force) return { ...done, wasComplete: true };
    if (found.isForeign && !force) throw foreignPart(done.path, found.reason ?? '');
    const progress = new ProgressFile(directory, part, bytes);
    await progress.start();
    try {
      const measured = await measure(made, part, { ...run, onProgress: progress.watch(onProgress) });
      await writePart(done.path, made.plan, part, measured);
    } finally {
      await progress.end();
    }
    return { ...done, wasComplete: false };
  });
  return compared.catch((error: unknown) => {
    throw asked === undefined && known !== null ? hintMoved(error, known) : error;
  });
}

/** What a part is one of. */
interface Inputs {
  /** The plan of the folder; null where there is none. */
  readonly known: PartsPlan | null;
  readonly paths: Readonly<Record<'old' | 'new', string>>;
  readonly planned: PlannedOptions;
  readonly of: number;
}

async function readInputs(directory: string, moved: MovedInputs): Promise<Inputs> {
  const known = await requirePlan(directory);
  const { paths, options } = locateInputs(known, moved);
  return { known, paths, planned: options, of: known.parts.length };
}

async function askInputs(directory: string, asked: NonNullable<ComparePartOptions['plan']>): Promise<Inputs> {
  const { old, new: newer, options } = asked;
  return { known: await readPlan(directory), paths: { old, new: newer }, planned: keepPlanned(options), of: options.parts };
}

function measure({ plan, sides, items, options }: MadePlan, part: number, run: RunOptions): Promise<Uint8Array> {
  const [start, end] = [plan.parts[part - 2]?.end ?? 0, plan.parts[part - 1]?.end ?? 0];
  return runJob('compare', run, (control) =>
    binding().diffPart([sides.old.native, sides.new.native], items, start, end, spellEngineOptions(options), control),
  );
}

async function writePart(path: string, plan: PartsPlan, part: number, measured: Uint8Array): Promise<void> {
  const file = encodePart(plan, part, readAttempt(), measured);
  if (file.reduce((sum, { length }) => sum + length, 0) > MOST_PART_BYTES)
    throw argumentError(`part ${part} takes more than ${MOST_PART_BYTES} bytes`, 'plan more parts, in another folder');
  await writeWhole(path, file, { before: () => crashIfTested(part) });
}

function foreignPart(path: string, reason: string): ModelDiffError {
  return new ModelDiffError(`${path} is there already, and ${reason}`, {
    kind: 'Mismatch',
    code: 'E_PLAN_MISMATCH',
    path,
    hint: 'compare in another folder, or replace that part with --force',
  });
}
