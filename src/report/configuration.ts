/** That the configuration of a side could not be looked at. */
export function describeUnconfigured(side: 'old' | 'new'): string {
  return `not available on the ${side} side, which is a single file`;
}
