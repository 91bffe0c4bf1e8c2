/** Columns of a series with one number a tensor and step, in the order in which reports give them. */
export const TENSOR_COLUMNS = [
  'stepSize',
  'relativeStep',
  'distance',
  'relativeDistance',
  'pathLength',
  'straightness',
  'stepCosine',
  'wayCosine',
  'normGrowth',
  'changedElements',
  'nonfinite',
] as const;

/** An object with one value for each of these columns. */
export function mapTensorColumns<T>(make: (column: TensorColumn) => T): Record<TensorColumn, T> {
  return Object.fromEntries(TENSOR_COLUMNS.map((column) => [column, make(column)])) as Record<TensorColumn, T>;
}

type TensorColumn = (typeof TENSOR_COLUMNS)[number];
