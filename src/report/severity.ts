import type { Severity } from '../checkpoint/types.ts';

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** For sorting: the most severe first, otherwise as they came. */
export function compareSeverity(a: { readonly severity: Severity }, b: { readonly severity: Severity }): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
}
