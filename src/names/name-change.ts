/** A change of the names of one side, made before names were matched. Rows have the changed names. */
export interface NameChange {
  readonly side: 'old' | 'new';
  /** `prefix` and `wrapper`: taken off by themselves; `strip` and `rename`: asked for; `gguf`: translated to Hugging Face's. */
  readonly kind: 'prefix' | 'wrapper' | 'strip' | 'rename' | 'gguf';
  /** What was taken off, the rule, or the architecture of the GGUF file. */
  readonly rule: string;
  /** Names that it changed. */
  readonly tensors: number;
}
