/** A change of the names of one side, made before names were matched. Rows have the changed names. */
export interface NameChange {
  readonly side: 'old' | 'new';
  /** `prefix` and `wrapper`: taken off by themselves; `strip` and `rename`: asked for. */
  readonly kind: 'prefix' | 'wrapper' | 'strip' | 'rename';
  /** What was taken off, or the rule. */
  readonly rule: string;
  /** Names that it changed. */
  readonly tensors: number;
}
