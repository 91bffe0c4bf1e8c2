import { createRequire } from 'node:module';

import type * as Binding from '../binding.cjs';
import { ModelDiffError } from '../errors.ts';
import { describeLibc, findAddons } from './installation.ts';

type BindingModule = typeof Binding;

export type { Columns, Compared, MemoryTensor, NativeCheckpoint, TensorTable } from '../binding.cjs';

let loaded: BindingModule | undefined;

/** The add-on, loaded at first use: `--help` and what only reads saved results never need it. */
export function binding(): BindingModule {
  loaded ??= loadBinding();
  return loaded;
}

function loadBinding(): BindingModule {
  const handBuilt = process.env['MODEL_DIFF_NATIVE'];
  if (handBuilt !== undefined && handBuilt !== '') process.env['NAPI_RS_NATIVE_LIBRARY_PATH'] = handBuilt;
  try {
    return createRequire(import.meta.url)('./binding.cjs') as BindingModule;
  } catch (cause) {
    throw describeLoadError(cause, handBuilt);
  }
}

function describeLoadError(cause: unknown, handBuilt: string | undefined): ModelDiffError {
  const libc = describeLibc();
  const system = [process.platform, process.arch, ...(libc === null ? [] : [libc])].join(' ');
  const places = findAddons(libc).map(({ name, path }) => `${name} (${path === null ? 'not found' : 'does not load'})`);
  return new ModelDiffError(
    `cannot load the native part of model-diff for ${system} (Node ${process.version}): tried ${places.join(' and ')}`,
    {
      kind: 'NativeLoad',
      code: 'E_NATIVE_LOAD',
      hint:
        handBuilt === undefined || handBuilt === ''
          ? 'npm leaves out the platform package when node_modules was made on another platform or with npm 10.3 to 11.2: ' +
            'remove node_modules and package-lock.json and run npm install with npm 11.3 or later; ' +
            'or set MODEL_DIFF_NATIVE to a binary that you built'
          : 'MODEL_DIFF_NATIVE must name an add-on that was built for this system; without it the installed one is used',
      cause,
    },
  );
}
