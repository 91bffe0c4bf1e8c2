/** Where a comparison comes from. Made once, when it is made; whatever reads it back leaves it as it is. */
export interface Provenance {
  /** Version of model-diff. */
  readonly version: string;
  /** When it was made, in UTC, as ISO 8601. */
  readonly created: string;
  /** Paths as they were given; null for checkpoints in memory. */
  readonly old: string | null;
  readonly new: string | null;
  /** The command line; null for calls of the library. */
  readonly command: string | null;
}
