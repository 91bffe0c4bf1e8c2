import { ModelDiffError, loadCheckpoint } from 'model-diff';
import type { LoadOptions } from 'model-diff';

/** Why a checkpoint is not opened. */
export async function refusal(path: string, options: LoadOptions = {}): Promise<ModelDiffError> {
  try {
    await loadCheckpoint(path, options);
  } catch (error) {
    if (error instanceof ModelDiffError) return error;
    throw error;
  }
  throw new Error(`${path} was opened`);
}
