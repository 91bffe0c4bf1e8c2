import type { NameChange } from '../names/name-change.ts';
import { formatCount } from '../wording/numbers.ts';

/** What was done to names before they were matched, in a sentence without a full stop. */
export function describeNameChange({ side, kind, rule, tensors }: NameChange): string {
  const names = `${formatCount(tensors)} ${side} ${tensors === 1 ? 'name' : 'names'}`;
  switch (kind) {
    case 'rename':
      return `names matched after ${rule} on ${names}`;
    case 'strip':
      return `names matched without ${rule} on ${names}`;
    case 'prefix':
    case 'wrapper':
      return `names matched without the ${kind} ${rule} on ${names}`;
  }
}
