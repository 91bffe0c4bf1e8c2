import { argumentError } from '../errors.ts';
import type { NativeCheckpoint, NativeView } from '../native/binding.ts';
import { isPlainObject, spell } from '../options.ts';
import { listEntries } from './memory.ts';
import { LazyTensorView } from './tensor-view.ts';

/**
 * Named views as the binding takes them.
 *
 * @throws `ModelDiffError` of kind `Argument` for what is no view of the checkpoint.
 */
export function readViews(views: unknown, checkpoint: NativeCheckpoint): NativeView[] {
  if (!isPlainObject(views) && Object.prototype.toString.call(views) !== '[object Map]')
    throw argumentError(
      `views must be an object or a Map of views by name, not ${spell(views)}`,
      "as { weight: checkpoint.view('kernel', [{ permute: [1, 0] }]) }",
    );
  return listEntries(views as object).map(([name, view]) => {
    if (!(view instanceof LazyTensorView))
      throw argumentError(`view ${name} must be one that view() has made, not ${spell(view)}`);
    return { name, steps: [...view.stepsIn(checkpoint)] };
  });
}
