/** The layer that a tensor belongs to: its name without the last segment; a name of one segment is its own layer. */
export function layerName(tensor: string): string {
  const dot = tensor.lastIndexOf('.');
  return dot > 0 ? tensor.slice(0, dot) : tensor;
}
