import { type OptionsOf, wholeNumber } from '../options.ts';
import type { LimitName } from './types.ts';

/** Caps that a caller can set, as the core names them. */
export const LIMITS: OptionsOf<Record<LimitName, number>> = {
  pickle_bytes: wholeNumber(0),
  pickle_inflated: wholeNumber(0),
  pickle_opcodes: wholeNumber(0),
  pickle_stack: wholeNumber(0),
  pickle_memo: wholeNumber(0),
  pickle_depth: wholeNumber(0),
  pickle_text: wholeNumber(0),
  pickle_integer: wholeNumber(0),
  pickle_nesting: wholeNumber(0),
  memory: wholeNumber(0),
  tensors: wholeNumber(0),
  visits: wholeNumber(0),
  name_bytes: wholeNumber(0),
  view_ratio: wholeNumber(0),
  inflated_bytes: wholeNumber(0),
  zip_entries: wholeNumber(0),
  zip_directory: wholeNumber(0),
  sparse_bytes: wholeNumber(0),
};
