import { tellApart } from '../checkpoint-names.ts';

/** What the two checkpoints are called in reports. */
export function nameCheckpoints(old: string, next: string): readonly [string, string] {
  const [before = '', after = ''] = tellApart([old, next]);
  return [before, after];
}
