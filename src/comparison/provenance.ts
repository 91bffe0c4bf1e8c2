/** Where a result comes from, whatever made it. */
export interface Origin {
  /** Version of model-diff. */
  readonly version: string;
  /** When it was made, in UTC, as ISO 8601. */
  readonly created: string;
  /** The command line; null for calls of the library. */
  readonly command: string | null;
}

/**
 * Where a comparison comes from. Made once, when it is made; whatever reads it back leaves it as it is. Paths are as they were given; a
 * model in the local cache of the hub has its address with the revision that was read, as `hf://org/name@1a2b3c`.
 */
export interface Provenance extends Origin {
  /** null for checkpoints in memory. */
  readonly old: string | null;
  readonly new: string | null;
}

/** Where a series comes from; paths as in {@link Provenance}. */
export interface SeriesProvenance extends Origin {
  readonly checkpoints: readonly string[];
  /** An element has changed when |d| is above this. */
  readonly changeThreshold: number;
  readonly precision: 'fast' | 'double';
}

/** Where the description of a checkpoint comes from; paths as in {@link Provenance}. */
export interface InspectionProvenance extends Origin {
  readonly checkpoint: string;
}
