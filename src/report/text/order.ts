import type { Grant } from './sections.ts';

/**
 * What of a comparison gets the lines of a screen first. What it does not reach is told in the last line. The conclusion stands above all of it and is
 * always there.
 */
export const COMPARISON_ORDER: readonly Grant[] = [
  ['rules', 'grave'],
  ['counts', 'all'],
  ['failed', 1],
  ['insights', 'grave'],
  ['depth', 1],
  ['rules', 'all'],
  ['modules', 'all'],
  ['left-out', 'grave'],
  ['findings', 'grave'],
  ['changed', 3],
  ['notes', 1],
  ['findings', 1],
  ['structure', 2],
  ['configuration', 2],
  ['from-zero', 2],
  ['changed', 10],
  ['depth', 'all'],
  ['failed', 5],
  ['left-out', 3],
  ['notes', 'all'],
  ['structure', 5],
  ['from-zero', 5],
  ['figures', 'all'],
  ['insights', 'items'],
  ['insights', 'all'],
  ['unconfigured', 'all'],
  ['changed', 12],
  ['findings', 'all'],
  ['left-out', 'all'],
  ['states', 'all'],
  ['failed', 'all'],
  ['configuration', 'all'],
  ['changed', 25],
  ['unclassified', 'all'],
  ['structure', 'all'],
  ['from-zero', 'all'],
  ['changed', 'all'],
];

/** As {@link COMPARISON_ORDER}, for a series. */
export const SERIES_ORDER: readonly Grant[] = [
  ['steps', 6],
  ['details', 'all'],
  ['events', 3],
  ['steps', 10],
  ['scope', 'all'],
  ['tensors', 3],
  ['events', 'items'],
  ['tensors', 8],
  ['steps', 'all'],
  ['events', 'all'],
  ['tensors', 'all'],
];

/** As {@link COMPARISON_ORDER}, for the contents of a checkpoint. */
export const INSPECTION_ORDER: readonly Grant[] = [
  ['dtypes', 'all'],
  ['findings', 3],
  ['left-out', 1],
  ['mappings', 2],
  ['tensors', 5],
  ['files', 1],
  ['config', 1],
  ['metadata', 1],
  ['findings', 6],
  ['mappings', 'all'],
  ['left-out', 'all'],
  ['tensors', 12],
  ['files', 4],
  ['config', 'all'],
  ['metadata', 'all'],
  ['findings', 'all'],
  ['files', 'all'],
  ['tensors', 'all'],
];
