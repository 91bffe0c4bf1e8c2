export { DiffAnalyzer } from './analyzer.ts';
export { classifyName, classifyTensors } from './layer-types/classify.ts';
export type { NamedShape } from './layer-types/surroundings.ts';
export type { NameClass, Surroundings, TensorClass, TensorKind, Tower } from './layer-types/tensor-class.ts';
export { approximateExpectedChange, type ApproximateChange, type GaussianInput } from './rounding-gaussian.ts';
export { expectedChange, STORAGE_GRIDS, type ExpectedChange, type RoundingInput, type StorageGrid } from './rounding.ts';
