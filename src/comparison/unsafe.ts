import type { Finding } from '../checkpoint/types.ts';

/** Findings of these kinds, unless they are of no consequence, make a file unsafe. */
const UNSAFE = /^(?:Global|Nested|Pickle|Zip)/;

/** Whether a finding is of dangerous or unknown globals, or of an odd archive. */
export function isUnsafe({ code, severity }: Finding): boolean {
  return severity !== 'info' && UNSAFE.test(code);
}
