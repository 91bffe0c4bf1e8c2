/** What of a checkpoint is shown. */
export interface InspectView {
  /** Rows of the list of tensors. */
  readonly rows: number;
  /** Whether the statistics have been computed and are shown. */
  readonly stats: boolean;
  readonly ascii: boolean;
}
