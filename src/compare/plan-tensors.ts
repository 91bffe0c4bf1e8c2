import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { argumentError, type ModelDiffError } from '../errors.ts';
import { type MatchedNames, matchNames } from '../names/match.ts';
import type { ResolvedOptions } from './options.ts';
import { type Plan, planDiff } from './plan.ts';

/** Matches the names of two checkpoints, and plans what is compared with what. */
export function planTensors(
  old: Checkpoint,
  newer: Checkpoint,
  options: ResolvedOptions,
): { readonly names: MatchedNames; readonly plan: Plan } {
  const names = matchNames(old.table.names, newer.table.names, options.names);
  const plan = planDiff(old, newer, names, options.selects);
  if (plan.names.length === 0 && old.table.names.length + newer.table.names.length > 0) throw nothingSelected(options);
  return { names, plan };
}

/** The error where patterns of names leave nothing. */
export function nothingSelected({ include, exclude }: Pick<ResolvedOptions, 'include' | 'exclude'>): ModelDiffError {
  const option = include.length > 0 ? 'include' : 'exclude';
  const both = include.length > 0 && exclude.length > 0 ? 'include and exclude leave' : `${option} leaves`;
  return argumentError(`${both} no tensor to compare`, 'layerNames lists the names', option);
}
