import type { RunOptions } from '../checkpoint/types.ts';
import type { CompareOptions } from '../compare/options.ts';

/** What of a comparison is fixed when it is planned: all that decides which tensors are compared, and by what numbers. */
export type PlannedOptions = Omit<
  CompareOptions,
  'threads' | 'signal' | 'onProgress' | 'provenance' | 'probes' | 'includeUnchanged' | 'normalizeBySize' | 'topKLayers'
>;

/** Options of `planParts`. */
export interface PlanPartsOptions extends PlannedOptions, RunOptions {
  /** Parts to cut the comparison into, of about equal bytes: 1 to 99,999. */
  readonly parts: number;
}

/** A file of a checkpoint as it was when the plan was made. */
export interface PlannedFile {
  /** Path inside the checkpoint, or inside its model of the hub, with slashes. */
  readonly name: string;
  readonly bytes: number;
  /** Last modification in milliseconds since 1970; null where the system does not say, and where there is a version. */
  readonly modified: number | null;
  /**
   * Of a file of the hub the commit, wherever its bytes are read from; of another server its entity tag or date; null for any other file of this
   * machine.
   */
  readonly version: string | null;
}

/** One side of a plan. */
export interface PlannedSide {
  /**
   * Where it was planned from: absolute, a URL without its query, or a model of the hub at its commit. It may lie elsewhere where a part is
   * compared.
   */
  readonly path: string;
  readonly files: readonly PlannedFile[];
  /** BLAKE3 of the descriptions of its tensors: names, dtypes, shapes, places, and how values are made of what is stored there. */
  readonly tensors: string;
  /** SHA-256 of the configuration beside its weights; of a model of the hub that of its commits, which fix it. */
  readonly configuration: string;
}

/** What one part of a plan reads. */
export interface PlannedPart {
  /** The first unit behind it. A unit is up to 2^21 elements of one tensor; they are numbered in the order of the files. */
  readonly end: number;
  /** Bytes of both sides, as they are stored. */
  readonly bytes: number;
}

/** A comparison in parts, as `plan.json` in the folder of the run holds it. */
export interface PartsPlan {
  /** SHA-256 of all below but the paths. Parts of the same plan have the same one. */
  readonly hash: string;
  /** Version of model-diff; parts of other versions do not fit. */
  readonly version: string;
  readonly old: PlannedSide;
  readonly new: PlannedSide;
  readonly options: PlannedOptions;
  /** SHA-256 of the items of the plan: which tensor is compared with which. */
  readonly items: string;
  readonly parts: readonly PlannedPart[];
}

/** Where inputs of a plan lie, if not where they were planned from: what is there must be the same. */
export interface MovedInputs {
  readonly old?: string;
  readonly new?: string;
  /** The adapter that is merged into the old checkpoint. */
  readonly oldAdapter?: string;
  /** The adapter that is merged into the new checkpoint. */
  readonly newAdapter?: string;
}

/** Options of `comparePart`. */
export interface ComparePartOptions extends RunOptions, MovedInputs {
  /**
   * What to plan where the folder holds no plan yet; else it must be the same. @default the plan that is there, and the inputs where it says,
   * or where `old` and the like do
   */
  readonly plan?: { readonly old: string; readonly new: string; readonly options: PlanPartsOptions };
  /** true: a part that is there already is compared once more. @default false */
  readonly force?: boolean;
  /** Worker threads. @default the number of available cores */
  readonly threads?: number;
}

/** What became of a part. */
export interface ComparedPart {
  readonly part: number;
  readonly of: number;
  /** The file that holds it. */
  readonly path: string;
  /** Bytes of both sides that it covers, as they are stored. */
  readonly bytes: number;
  /** Whether it was there already, and nothing was read. */
  readonly wasComplete: boolean;
}

/** Options of `combineParts`; those of the comparison itself are in the plan. */
export interface CombineOptions
  extends
    RunOptions,
    MovedInputs,
    Pick<CompareOptions, 'threads' | 'probes' | 'includeUnchanged' | 'normalizeBySize' | 'topKLayers' | 'provenance'> {
  /** true: tensors of parts that are missing or damaged become rows with an error; false: that is an error. @default false */
  readonly allowPartial?: boolean;
}

/** How far a part is that somebody is, or was, working on. */
export interface PartProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly host: string;
  /** How often its job was started again, as the scheduler says. */
  readonly attempt: number;
  /** When this was written, in milliseconds since 1970. */
  readonly updated: number;
}

/** A part as it stands in the folder. */
export interface PartState {
  readonly part: number;
  /** `damaged`: there is a file that is not this part whole; the reason says what is wrong. */
  readonly state: 'done' | 'missing' | 'damaged';
  readonly bytes: number;
  readonly reason: string | null;
  readonly progress: PartProgress | null;
}

/** A file among the parts that belongs to none. */
export interface ForeignPart {
  readonly path: string;
  readonly reason: string;
}

/** How far a comparison in parts is. */
export interface PartsStatus {
  readonly directory: string;
  readonly plan: PartsPlan;
  readonly parts: readonly PartState[];
  readonly foreign: readonly ForeignPart[];
  /** Bytes of all parts, and of those that are done. */
  readonly bytes: number;
  readonly bytesDone: number;
}
