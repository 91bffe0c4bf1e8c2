/** What the script knows beside the tensors. */
export interface PageSettings {
  /** Tensors that the page does not hold; the map, which holds all, is not drawn again then. */
  readonly left: number;
}
