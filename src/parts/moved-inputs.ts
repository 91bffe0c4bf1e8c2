import { argumentError, ModelDiffError } from '../errors.ts';
import type { MovedInputs, PartsPlan, PlannedOptions } from './types.ts';

const SIDES = ['old', 'new'] as const;

/** What a plan opens: where it says, or where that lies now. @throws `ModelDiffError` for an adapter that the plan knows nothing of */
export function locateInputs(
  plan: PartsPlan,
  moved: MovedInputs,
): { readonly paths: Readonly<Record<'old' | 'new', string>>; readonly options: PlannedOptions } {
  const options = { ...plan.options };
  for (const side of SIDES) {
    const adapter = moved[`${side}Adapter`];
    if (adapter === undefined) continue;
    const planned = plan.options[side];
    if (planned?.adapter === undefined)
      throw argumentError(
        `the plan merges no adapter into the ${side} checkpoint`,
        'plan again in another folder',
        `${side}Adapter`,
      );
    options[side] = { ...planned, adapter };
  }
  return { paths: { old: moved.old ?? plan.old.path, new: moved.new ?? plan.new.path }, options };
}

/** An error of opening what a plan names, with what to do where it lies elsewhere now. */
export function hintMoved(error: unknown, plan: PartsPlan): unknown {
  if (!(error instanceof ModelDiffError) || error.code !== 'E_NOT_FOUND') return error;
  const flags = SIDES.flatMap((side) => [
    ...(plan[side].path === error.path ? [`--${side}`] : []),
    ...(plan.options[side]?.adapter === error.path ? [`--adapter-${side}`] : []),
  ]);
  if (error.path === undefined || flags.length === 0) return error;
  const { message, kind, code, path, cause } = error;
  const say = flags.length > 1 ? 'say' : 'says';
  const hint = `it lay there when it was planned; ${flags.join(' and ')} ${say} where it is now`;
  return new ModelDiffError(message, { kind, code, path, cause, hint });
}
