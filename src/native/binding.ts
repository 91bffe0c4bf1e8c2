import type * as Binding from '../binding.cjs';
import { TOOL } from '../tool.ts';
import { findAddons, load } from './installation.ts';
import { describeLoadError, type FailedPlace, VersionError } from './load-error.ts';

type BindingModule = typeof Binding;

export type {
  Columns,
  Compared,
  DiffOptions,
  HashTable,
  HubAddress,
  MemoryTensor,
  NativeCheckpoint,
  NativeRemote,
  NativeStep,
  NativeView,
  RemoteWish,
  TensorTable,
} from '../binding.cjs';

let loaded: BindingModule | undefined;

/** The add-on, loaded at first use: `--help` and what only reads saved results never need it. */
export function binding(): BindingModule {
  loaded ??= loadBinding();
  return loaded;
}

/** The first add-on that is there, loads, and belongs to this version. */
function loadBinding(): BindingModule {
  const failed: FailedPlace[] = [];
  for (const { name, path } of findAddons()) {
    if (path === null) {
      failed.push({ name, path, error: null });
      continue;
    }
    try {
      return requireVersion(load(path) as BindingModule);
    } catch (error) {
      failed.push({ name, path, error });
    }
  }
  throw describeLoadError(failed);
}

/** Nothing of an add-on of another version can be relied on, not even that its functions take the same arguments. */
function requireVersion(addon: BindingModule): BindingModule {
  const version = /@([^@;]+);$/.exec((addon as Partial<BindingModule>).stamp?.() ?? '')?.[1];
  if (version !== TOOL.version) throw new VersionError(version);
  return addon;
}
