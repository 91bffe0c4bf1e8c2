import type { CheckpointFormat, Finding, LeftOut } from '../checkpoint/types.ts';
import type { InspectionProvenance } from './provenance.ts';
import type { ComparedFile } from './side.ts';

/**
 * What a checkpoint is, without its values: a hash and statistics of every tensor, and what lies beside them. `hashCheckpoint` makes one,
 * and `compare` takes one in the place of a checkpoint.
 */
export interface Manifest {
  /** Where it comes from; null where that was not to be said. */
  readonly provenance: InspectionProvenance | null;
  /**
   * One hash over all tensors, 64 hexadecimal digits: BLAKE3 of a line `["name","dtype",[shape],"hash"]` of JSON for each tensor, in the order
   * of the names' UTF-8 bytes, each line ended by a line feed. null where a tensor could not be read.
   */
  readonly hash: string | null;
  readonly format: CheckpointFormat;
  /** Whether quantised tensors are what the file stores, as with the option `raw`. */
  readonly raw: boolean;
  /** Files that hold the tensors; paths begin at the checkpoint. */
  readonly files: readonly ComparedFile[];
  /** Whether a folder was looked at: only then is configuration that is not there absent, and not just unknown. */
  readonly hasFolder: boolean;
  /** Texts of the file about itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Content of `config.json` beside the weights, null without one. */
  readonly config: unknown;
  /** Content of further configuration files beside the weights, by name. */
  readonly configs: Readonly<Record<string, unknown>>;
  /** What holds tensors, or could, and is not among them. */
  readonly leftOut: readonly ManifestLeftOut[];
  /** What was noticed about the files; paths begin at the checkpoint. */
  readonly findings: readonly Finding[];
  /** In the order of the names' UTF-8 bytes. */
  readonly tensors: readonly ManifestTensor[];
}

/** Something of a checkpoint that is not among its tensors. */
export type ManifestLeftOut = Omit<LeftOut, 'path'>;

/** One tensor of a {@link Manifest}. A number that does not exist (of a tensor that cannot be read, or whose dtype is not known) is null. */
export interface ManifestTensor {
  readonly name: string;
  readonly dtype: string;
  /** Sizes of the dimensions, outermost first; `[]` for a 0-d tensor. */
  readonly shape: readonly number[];
  /** Elements; of a sparse tensor those that are stored. */
  readonly numElements: number;
  readonly sizeBytes: number;
  /**
   * BLAKE3 of the elements, 64 hexadecimal digits: little-endian and in row-major order, whatever the file has; of quantised tensors the
   * numbers that they stand for. null where the tensor could not be read.
   */
  readonly hash: string | null;
  /** Euclidean norm of the finite elements. */
  readonly norm: number | null;
  /** Mean of the finite elements. */
  readonly mean: number | null;
  /** Population standard deviation of the finite elements. */
  readonly std: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Elements equal to zero. */
  readonly zeros: number | null;
  readonly nan: number | null;
  readonly inf: number | null;
  /** Why this tensor could not be read, when it could not. */
  readonly error: string | null;
}
