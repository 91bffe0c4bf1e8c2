import { ModelDiffError } from '../errors.ts';
import { binding, type HubAddress, type NativeRemote } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import { isAddress } from '../wording/address.ts';
import { Agents } from './agents.ts';
import { nameAddress } from './failures.ts';
import { findModel } from './hub.ts';
import { isHubOffline } from './hub-environment.ts';
import { type Place, placeOfUrl } from './place.ts';
import { Transport } from './transport.ts';

/** Opens paths, which are addresses no more, with what serves them; without it they are of this machine. */
type Open<T> = (paths: readonly string[], remote: NativeRemote | undefined) => Promise<T>;

/**
 * Opens what lies on servers, at least in part. A model of the hub that is wholly in the local cache is read from there, and no server asked.
 *
 * @param paths paths and addresses, of which one at least is an address
 * @throws what `open` throws; `ModelDiffError` for an address that leads to nothing; the reason of `signal`.
 */
export async function openElsewhere<T>(paths: readonly string[], signal: AbortSignal | undefined, open: Open<T>): Promise<T> {
  const models = paths.map((path) => unwrap(binding().hubAddress(path)));
  if (paths.every((path, at) => models[at] !== null || !isAddress(path))) {
    try {
      return await open(paths, undefined);
    } catch (error) {
      if (isHubOffline() || !isIncomplete(error)) throw error;
    }
  } else if (isHubOffline() && models.some((model) => model !== null)) {
    throw new ModelDiffError('HF_HUB_OFFLINE is set: models of the hub are read beside files of this machine only', {
      kind: 'Argument',
      code: 'E_ARGUMENT',
      hint: 'download one of both, and give its path',
    });
  }
  return openRemote(paths, models, signal, open);
}

async function openRemote<T>(
  paths: readonly string[],
  models: readonly (HubAddress | null)[],
  signal: AbortSignal | undefined,
  open: Open<T>,
): Promise<T> {
  const never = new AbortController().signal;
  const agents = await Agents.create();
  let transport: Transport;
  const places: Place[] = [];
  const opened: string[] = [];
  try {
    for (const [at, path] of paths.entries()) {
      const model = models[at] ?? null;
      const place = model !== null ? await findModel(model, agents, signal ?? never) : isAddress(path) ? placeOfUrl(path) : null;
      if (place !== null) places.push(place);
      opened.push(place?.path ?? path);
    }
    signal?.throwIfAborted();
    transport = new Transport(agents, places);
  } catch (error) {
    await agents.destroy();
    throw nameAddress(error);
  }
  try {
    return await open(opened, transport.native);
  } finally {
    transport.native.release();
  }
}

/** Whether the local cache of the hub lacks what was asked for, or a part of it. */
function isIncomplete(error: unknown): boolean {
  return error instanceof ModelDiffError && ['E_NOT_FOUND', 'E_NO_TENSORS', 'E_MISSING_SHARD'].includes(error.code);
}
