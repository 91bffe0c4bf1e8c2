import { formatCount, formatNoun } from '../wording/numbers.ts';

/** A change of the names of one side, made before names were matched. Rows have the changed names. */
export interface NameChange {
  readonly side: 'old' | 'new';
  /**
   * `prefix` and `wrapper`: taken off by themselves; `strip` and `rename`: asked for; `gguf`: translated to Hugging Face's; `split`: one
   * tensor that the other side has in parts; `synonym`: a name that a library gave up for another one; `transpose`:
   * matrices whose rows are the columns of the other side.
   */
  readonly kind: 'prefix' | 'wrapper' | 'strip' | 'rename' | 'gguf' | 'split' | 'synonym' | 'transpose';
  /** What was taken off, the rule, the architecture of the GGUF file, or what was taken apart. */
  readonly rule: string;
  /** Names that it changed, or tensors that were taken apart. */
  readonly tensors: number;
}

/** What was done, in words without a full stop; without a side where it is said elsewhere which checkpoint it was. */
export function describeNameChange({ side, kind, rule, tensors }: Omit<NameChange, 'side'> & Partial<NameChange>): string {
  const own = side === undefined ? '' : `${side} `;
  const names = `${formatCount(tensors)} ${own}${tensors === 1 ? 'name' : 'names'}`;
  switch (kind) {
    case 'rename':
      return `${names} renamed by ${rule}`;
    case 'strip':
      return `${names} read without ${rule}`;
    case 'synonym':
      return `${names} read as ${tensors === 1 ? 'its newer name' : 'their newer names'}: ${rule}`;
    case 'transpose':
      return `${formatNoun(tensors, `${own}tensor`)} transposed: ${rule}`;
    case 'split':
      return `${formatNoun(tensors, `${own}tensor`)} taken apart: ${rule}`;
    case 'gguf':
      return `${names} translated from those of GGUF (${rule}) to Hugging Face's`;
    case 'prefix':
    case 'wrapper':
      return `${names} read without the ${kind} ${rule}`;
  }
}
