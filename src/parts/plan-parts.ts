import { tellApart } from '../checkpoint/distinct-names.ts';
import { disjointError, requireTensors } from '../compare/nothing-to-compare.ts';
import { withSides } from '../compare/open-sides.ts';
import { type CompareOptions, resolveOptions } from '../compare/options.ts';
import { ModelDiffError } from '../errors.ts';
import { planPath } from './folder.ts';
import { makePlan, type MadePlan } from './make-plan.ts';
import { requireSamePlan } from './mismatch.ts';
import { checkPlanParts } from './options.ts';
import { readPlan, writePlan } from './plan-file.ts';
import { keepPlanned } from './plan-options.ts';
import type { PartsPlan, PlannedOptions, PlanPartsOptions } from './types.ts';

/**
 * Plans a comparison in parts that can be compared on different machines: reads what is known of both checkpoints, no tensor, and writes
 * `plan.json` into a folder, which is made where it is not there. A folder that holds the same plan already stays as it is.
 *
 * @throws `ModelDiffError` as `compare`; `E_PLAN_MISMATCH` where the folder holds another plan; `E_NO_TENSORS` or `E_NO_COMMON_TENSORS`
 *   where there is nothing to compare.
 *
 * @example
 * await planParts('base/', 'tuned/', 'run/', { parts: 64 });
 * // On any machine that sees the files, for each part from 1 to 64:
 * await comparePart('run/', 3);
 * // When all are there:
 * const comparison = await combineParts('run/');
 */
export async function planParts(old: string, newer: string, directory: string, options: PlanPartsOptions): Promise<PartsPlan> {
  checkPlanParts(old, newer, directory, options);
  const { parts, signal, onProgress } = options;
  const run = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  return withPlan({ old, new: newer }, keepPlanned(options), parts, run, async (made) => {
    await settlePlan(directory, made, await readPlan(directory));
    return made.plan;
  });
}

/**
 * Opens both checkpoints and plans them.
 * @param others options that a plan does not fix
 */
export async function withPlan<T>(
  paths: Readonly<Record<'old' | 'new', string>>,
  planned: PlannedOptions,
  parts: number,
  others: Omit<CompareOptions, keyof PlannedOptions>,
  use: (made: MadePlan) => Promise<T>,
): Promise<T> {
  const options = { ...planned, ...others };
  const resolved = resolveOptions(options);
  const run = { ...(others.signal && { signal: others.signal }) };
  return withSides(paths, options, resolved, async (sides) => use(await makePlan(sides, paths, planned, resolved, parts, run)));
}

/**
 * Writes a plan where there is none; else it must be the same.
 * @throws `ModelDiffError` `E_PLAN_MISMATCH`; `E_NO_TENSORS` or `E_NO_COMMON_TENSORS` for a new plan that compares nothing
 */
export async function settlePlan(directory: string, made: MadePlan, known: PartsPlan | null): Promise<void> {
  const { plan } = made;
  if (known !== null) return requireSamePlan(directory, known, plan);
  requireCommon(made);
  if (await writePlan(directory, plan)) return;
  // Another process was first.
  const other = await readPlan(directory);
  if (other !== null) requireSamePlan(directory, other, plan);
}

/** That there is something to compare: nobody should learn of a mistake from the last of many parts. */
function requireCommon({ sides, names }: MadePlan): void {
  const paths = tellApart([sides.old.path, sides.new.path]);
  requireTensors({
    old: { name: paths[0] ?? 'old', tensors: names.old.length },
    new: { name: paths[1] ?? 'new', tensors: names.new.length },
  });
  const known = new Set(names.new);
  if (!names.old.some((name) => known.has(name))) throw disjointError(names.old, names.new);
}

/** @throws `ModelDiffError` `E_NOT_FOUND` where the folder has no plan */
export async function requirePlan(directory: string): Promise<PartsPlan> {
  const plan = await readPlan(directory);
  if (plan !== null) return plan;
  throw new ModelDiffError(`${planPath(directory)} does not exist`, {
    kind: 'Io',
    code: 'E_NOT_FOUND',
    path: planPath(directory),
    hint: 'model-diff plan OLD NEW -n PARTS -o FOLDER makes one',
  });
}
