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
