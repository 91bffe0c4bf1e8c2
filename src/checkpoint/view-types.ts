import type { CheckpointTensor, ReadOptions, TensorValues } from './types.ts';

/**
 * A tensor of a checkpoint in another form, as `Checkpoint.view` makes it. It holds a description only: elements are put in their places
 * while they are read, and no file is held open by it. Statistics are read when they are first looked at, and kept.
 */
export interface TensorView extends CheckpointTensor {
  /**
   * A copy of the elements, or of a part of them, as `Checkpoint.getTensor`.
   *
   * @throws `ModelDiffError`: the checkpoint is closed, a range outside the view, or what keeps the tensor from being read.
   */
  read(options: ReadOptions & { readonly as: 'f32' }): Promise<TensorValues<Float32Array>>;
  read(options: ReadOptions & { readonly as: 'f64' }): Promise<TensorValues<Float64Array>>;
  read(options?: ReadOptions & { readonly as?: 'f32' | 'f64' }): Promise<TensorValues<Float32Array | Float64Array>>;
  read(options: ReadOptions): Promise<TensorValues>;
}

/**
 * One thing that is done to a tensor, as numpy and torch have it:
 *
 * - `permute`: axis i of the result is axis `permute[i]`; `[1, 0]` transposes a matrix
 * - `reshape`: the elements in the same row-major order in a shape of as many
 * - `slice`: from `start` up to, without, `end` along each axis; an axis with `null`, or without an entry, stays whole
 * - `concat`: the tensor, then these along `axis`; all of one dtype and, except for `axis`, one shape
 * - `negate`: every element with the other sign; not of integers and types without a sign bit
 * - `add`: every element plus a number, in f32; only of floats of at most 32 bits. `1` makes the usual weight of a norm that stores it as
 *   a distance from one
 */
export type ViewOperation =
  | { readonly permute: readonly number[] }
  | { readonly reshape: readonly number[] }
  | { readonly slice: readonly (readonly [start: number, end: number] | null)[] }
  | { readonly concat: readonly TensorView[]; readonly axis: number }
  | { readonly negate: true }
  | { readonly add: number };

/** Options of `Checkpoint.withViews`. */
export interface ViewOptions {
  /** Names of stored tensors to leave out, as those that the views take apart. @default none */
  readonly without?: readonly string[];
}
