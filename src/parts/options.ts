import { RUN_OPTIONS } from '../checkpoint/load.ts';
import { COMPARE_OPTIONS } from '../compare/options.ts';
import { argumentError } from '../errors.ts';
import { checkOptions, flag, nested, type OptionsOf, spell, text, wholeNumber } from '../options.ts';
import { MOST_PARTS } from './folder.ts';
import { PLANNED_OPTIONS } from './plan-options.ts';
import type { CombineOptions, ComparePartOptions, MovedInputs, PlanPartsOptions } from './types.ts';

const PLAN_PARTS_OPTIONS: OptionsOf<PlanPartsOptions> = {
  ...PLANNED_OPTIONS,
  ...RUN_OPTIONS,
  parts: wholeNumber(1, MOST_PARTS),
};

const MOVED_INPUTS: OptionsOf<MovedInputs> = { old: text, new: text, oldAdapter: text, newAdapter: text };

const COMPARE_PART_OPTIONS: OptionsOf<ComparePartOptions> = {
  ...RUN_OPTIONS,
  ...MOVED_INPUTS,
  plan: nested({ old: text, new: text, options: nested(PLAN_PARTS_OPTIONS) }),
  force: flag,
  threads: COMPARE_OPTIONS.threads,
};

const { threads, probes, includeUnchanged, normalizeBySize, topKLayers, provenance } = COMPARE_OPTIONS;

const COMBINE_OPTIONS: OptionsOf<CombineOptions> = {
  ...RUN_OPTIONS,
  ...MOVED_INPUTS,
  threads,
  probes,
  includeUnchanged,
  normalizeBySize,
  topKLayers,
  provenance,
  allowPartial: flag,
};

/** @throws `ModelDiffError` of kind `Argument` */
export function checkPlanParts(old: string, newer: string, directory: string, options: PlanPartsOptions): void {
  requirePath(old, 'the old side');
  requirePath(newer, 'the new side');
  requirePath(directory, 'the folder of the run');
  checkOptions(options, PLAN_PARTS_OPTIONS, 'planParts');
  if ((options as Partial<PlanPartsOptions>).parts === undefined)
    throw argumentError('planParts needs the number of parts', 'as in { parts: 64 }', 'parts');
}

/** @throws `ModelDiffError` of kind `Argument` */
export function checkComparePart(directory: string, part: number, options: ComparePartOptions): void {
  requirePath(directory, 'the folder of the run');
  checkOptions(options, COMPARE_PART_OPTIONS, 'comparePart');
  const { plan } = options;
  if (plan !== undefined) {
    checkPlanParts(plan.old, plan.new, directory, plan.options);
    const moved = Object.keys(MOVED_INPUTS).find((name) => options[name as keyof MovedInputs] !== undefined);
    if (moved !== undefined) throw argumentError(`${moved} and plan both say where inputs lie`, 'leave one of both out', moved);
  }
  if (!Number.isSafeInteger(part) || part < 1) throw argumentError(`part must be a whole number from 1, not ${spell(part)}`);
}

/** @throws `ModelDiffError` of kind `Argument` */
export function checkCombine(directory: string, options: CombineOptions): void {
  requirePath(directory, 'the folder of the run');
  checkOptions(options, COMBINE_OPTIONS, 'combineParts');
}

/** @throws `ModelDiffError` of kind `Argument` for anything but a path: what is in memory here is not elsewhere */
export function requirePath(value: unknown, what: string): void {
  if (typeof value !== 'string' || value === '')
    throw argumentError(
      `${what} must be a path, not ${spell(value)}`,
      'a comparison in parts is one of files; compare takes tensors in memory',
    );
}
