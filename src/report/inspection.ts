import type { CheckpointFormat, Finding, LeftOut, MappingCandidate, TensorInfo } from '../checkpoint/types.ts';
import type { InspectionProvenance } from '../comparison/provenance.ts';

/** What a checkpoint consists of, as plain data: what the forms of `inspect` are written of. */
export interface Inspection {
  readonly provenance: InspectionProvenance | null;
  readonly path: string;
  readonly format: CheckpointFormat;
  /** Elements of all tensors. */
  readonly numParameters: number;
  readonly sizeBytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly config: unknown;
  readonly configs: Readonly<Record<string, unknown>>;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly candidates: readonly MappingCandidate[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
  /** Statistics are NaN where nobody asked for them. */
  readonly tensors: readonly TensorInfo[];
}
