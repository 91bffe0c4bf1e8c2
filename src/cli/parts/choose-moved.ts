import type { MovedInputs } from '../../parts/types.ts';
import type { MovedFlags } from '../flags.ts';

/** Where inputs of a plan lie, as far as flags say so. */
export function chooseMoved({ old, new: newer, adapterOld, adapterNew }: MovedFlags): MovedInputs {
  return {
    ...(old !== undefined && { old }),
    ...(newer !== undefined && { new: newer }),
    ...(adapterOld !== undefined && { oldAdapter: adapterOld }),
    ...(adapterNew !== undefined && { newAdapter: adapterNew }),
  };
}
