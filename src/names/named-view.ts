/** What of a checkpoint is needed to find names for views of its tensors. */
export interface NamedTensors {
  readonly names: readonly string[];
  readonly find: (name: string) => number | undefined;
  readonly shape: (row: number) => readonly number[];
  /** Whether a view of the tensor can be read. */
  readonly isReadable: (row: number) => boolean;
}

/** A tensor under another name, in another form. */
export interface NamedView {
  readonly name: string;
  readonly row: number;
  readonly steps: readonly Step[];
}

/** A step of a view, as the binding takes it. */
export interface Step {
  readonly operation: 'reshape' | 'permute' | 'slice' | 'add';
  readonly numbers: number[];
}
