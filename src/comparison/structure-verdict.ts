import { formatNoun } from '../wording/numbers.ts';
import type { StructureComparison } from './structure.ts';

/** What is the same and what is not, in words that say nothing of values. */
export function describeStructure(found: Omit<StructureComparison, 'verdict' | 'provenance'>): string {
  const { added, removed, reshaped, retyped, configChanges, sameTensors, unconfigured } = found;
  const unread = 'The values were not read.';
  const parts = [
    [added.length, 'added'],
    [removed.length, 'removed'],
    [reshaped.length, 'reshaped'],
    [retyped.length, 'stored in another dtype'],
  ] as const;
  const changes = parts
    .filter(([count]) => count > 0)
    .map(([count, what], at) => `${at === 0 ? formatNoun(count, 'tensor') : count} ${what}`);
  const config =
    configChanges.length > 0
      ? `${formatNoun(configChanges.length, 'setting')} of the configuration differ${configChanges.length === 1 ? 's' : ''}`
      : null;
  const unknown = unconfigured.length > 0 ? ' The configuration of one side is not known.' : '';
  if (changes.length === 0) {
    const tensors = `All ${formatNoun(sameTensors, 'tensor')} have the same names, shapes and dtypes`;
    return `${tensors}${config === null ? '' : `, but ${config}`}.${unknown} ${unread}`;
  }
  const rest = `${formatNoun(sameTensors, 'tensor')} ${sameTensors === 1 ? 'has' : 'have'} the same name, shape and dtype`;
  return `${changes.join(', ')}; ${rest}${config === null ? '' : `; ${config}`}.${unknown} ${unread}`;
}
