/** Longer names are left whole and matched by no pattern. */
export const LONGEST_NAME = 4096;

/** A name cut at `.` and `/`. */
export interface SplitName {
  /** Segments as they are spelled, after wrappers and trailing `:0` are gone. */
  readonly raw: readonly string[];
  /** The same in lower case. */
  readonly segments: readonly string[];
  /** Separator for spelling a path again. */
  readonly separator: string;
}

/** Leading segments that wrappers put before every name. */
const WRAPPERS = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_forward_module',
  '_checkpoint_wrapped_module',
  'base_model',
  'state_dict',
]);
/** Segments that adapters, wrappers and parametrizations put into names. */
const INSERTED = new Set([
  ...['base_layer', 'original_module', 'modules_to_save', 'default', 'parametrizations', 'original0', 'original1'],
  ...['_fsdp_wrapped_module', '_checkpoint_wrapped_module', '_orig_mod'],
]);
/** First segment of the flat names that kohya's trainers write. */
const KOHYA = /^(lora|lycoris)_(unet|te\d?|transformer|prior_te|prior_unet)_/;
/** Modules that a flat name is cut behind. */
const KOHYA_MODULES = /(^|_|\.)(self_attn|attn\d?|mlp|ff_net|ff|text_model|encoder|embeddings)_/g;

/** Cuts a name whose dots were written as `_`: around indices, and behind the modules that hold projections. */
function splitFlatName(flat: string): string[] {
  const cut = flat.replace(/_(\d+)(?=_|$)/g, '.$1').replace(/(\.\d+)_/g, '$1.');
  // Twice: neighbouring modules share the underscore between them.
  return cut.replace(KOHYA_MODULES, '$1$2.').replace(KOHYA_MODULES, '$1$2.').split('.');
}

/** Cuts a name into segments and drops what wrappers added. */
export function splitName(name: string): SplitName {
  const separator = name.includes('.') || !name.includes('/') ? '.' : '/';
  let parts = name.includes('/') ? name.split(/[./]/) : name.split('.');
  const first = parts[0] ?? '';
  if (KOHYA.test(first)) parts = [...splitFlatName(first.replace(KOHYA, '')), ...parts.slice(1)];
  let start = 0;
  while (start < parts.length - 1 && WRAPPERS.has(parts[start] ?? '')) start += 1;
  if (start > 0 && parts[start - 1] === 'base_model' && parts[start] === 'model') start += 1;
  const raw = parts.slice(start).filter((part) => !INSERTED.has(part));
  const last = raw.at(-1);
  if (last?.endsWith(':0') === true) raw[raw.length - 1] = last.slice(0, -2);
  return { raw, segments: raw.map((segment) => segment.toLowerCase()), separator };
}
