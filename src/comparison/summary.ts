import { layerName } from '../names/layer-name.ts';
import type { NameChange } from '../names/name-change.ts';
import { compareCodeUnits } from '../names/order.ts';
import { type ChangeType, changeTypeAt, hasFinitePair, isCompared, isUnmeasured, type TensorColumns } from './columns.ts';
import type { LeftOutDifference } from './left-out.ts';
import { PROBE_METRIC_NAMES } from './metrics.ts';
import { selectFirst } from './select-first.ts';
import { measureSide, type SideTotals } from './side.ts';
import { rootOfQuotient, sumSquares } from './unit.ts';

/** Totals of a comparison. Keys that end in `Parameters` count tensors, as the Python package has them. */
export interface DiffSummary {
  /** Elements of all tensors of the old checkpoint; also as `oldElements`. */
  readonly totalParametersOld: number;
  readonly totalParametersNew: number;
  /** Tensors, not elements, as the next three. */
  readonly addedParameters: number;
  readonly removedParameters: number;
  /** Tensors with a changed value or shape. */
  readonly modifiedParameters: number;
  readonly unchangedParameters: number;
  /** Tensors equal in every element by value. */
  readonly identicalParameters: number;
  /** Tensors that could not be read or compared. */
  readonly failedParameters: number;
  /** Elements of the common tensors. */
  readonly totalElements: number;
  /** Elements of the common tensors that changed; null with `computeElementWise: false`, and where a tensor's hashes differ and no values were compared. */
  readonly changedElements: number | null;
  /** Sum of the tensors' `l2Diff`; null where a tensor's hashes differ and no values were compared. */
  readonly totalL2Diff: number | null;
  /** Mean over modified tensors (by elements with `normalizeBySize`), 1 when none is; null as `totalL2Diff`. */
  readonly avgCosineSimilarity: number | null;
  /** Layers with the largest change R = sqrt(sum d^2 / sum max(old^2, new^2)), largest first, as [name, R]. */
  readonly mostChangedLayers: readonly (readonly [string, number])[];
  /** Layers with the smallest R, unchanged ones first. */
  readonly leastChangedLayers: readonly (readonly [string, number])[];
  readonly oldTensors: number;
  readonly newTensors: number;
  readonly oldElements: number;
  readonly newElements: number;
  readonly addedTensors: number;
  readonly addedElements: number;
  readonly removedTensors: number;
  readonly removedElements: number;
  /** Tensors of one shape with a changed value. */
  readonly modifiedTensors: number;
  readonly reshapedTensors: number;
  readonly unchangedTensors: number;
  readonly identicalTensors: number;
  readonly failedTensors: number;
  /** Tensors, and their elements, that both sides have with one shape and that could be read. */
  readonly comparedTensors: number;
  readonly comparedElements: number;
  /** Tensors that were looked at a second time, for what one pass leaves open; `tensors.probes` has what that told. */
  readonly probedTensors: number;
  /** `comparedElements` as a share of the elements that the larger side has in the selected tensors, 0 to 1; 1 where there is none. */
  readonly coverage: number;
  /** Of the relative changes of the modified tensors; null when nothing was modified. */
  readonly relativeChange: { readonly median: number; readonly p99: number; readonly max: number } | null;
  /** Largest 1 - cosine of a modified tensor; null when nothing was modified. */
  readonly oneMinusCosMax: number | null;
  /** Tensors with another dtype, whether or not their values changed. */
  readonly dtypeChangedTensors: number;
  /** Differences in the configuration files; keys of others than `config.json` begin with the file's name and a colon. */
  readonly configChanges: readonly ConfigChange[];
  /** Sides whose configuration is not available, as they are single files, while the other side has one. */
  readonly unconfigured: readonly ('old' | 'new')[];
  /** What holds tensors, or could, and was not compared. */
  readonly leftOut: readonly LeftOutDifference[];
  /** What was done to names before they were matched; absent where they were taken as they are. */
  readonly nameChanges?: readonly NameChange[];
  /** Embeddings and heads of which only the number of rows differs; absent when there is none. */
  readonly resized?: readonly ResizedTensor[];
  /** Sides into which an adapter was merged to be compared; absent where there is none. */
  readonly mergedAdapters?: readonly ('old' | 'new')[];
  /** Stacks of blocks of which some are at another depth than before; absent where there is none. */
  readonly movedBlocks?: readonly MovedBlocks[];
  /** What was not compared of a comparison in parts that is combined before it is complete; absent where nothing is missing. */
  readonly partial?: PartialCoverage;
  /** The whole result as columns; absent only in summaries that were made by hand. */
  readonly tensors?: TensorColumns;
}

/** Parts of a comparison that are missing: their tensors are rows with an error. */
export interface PartialCoverage {
  /** All parts of the plan. */
  readonly parts: number;
  /** Numbers of those that are missing, rising, from 1. */
  readonly missingParts: readonly number[];
  /** Bytes of both sides, as they are stored, in all parts. */
  readonly bytes: number;
  /** The same of the parts that are missing. */
  readonly missingBytes: number;
}

/** An embedding or head that gained or lost rows: how its common rows changed, and what the rest is like. */
export interface ResizedTensor {
  readonly name: string;
  readonly oldRows: number;
  readonly newRows: number;
  /** Leading rows that both sides have; the next five are about them. */
  readonly commonRows: number;
  readonly l2Diff: number | null;
  readonly relativeChange: number | null;
  readonly cosineSim: number | null;
  readonly changeRatio: number | null;
  readonly identical: boolean;
  /** Root mean square of the common rows, on the side that has more rows. */
  readonly commonRms: number | null;
  /** The same of the rows that only that side has. */
  readonly restRms: number | null;
  readonly restMean: number | null;
  readonly restStd: number | null;
}

/** A stack in which blocks of the old checkpoint, equal in every value, stand at another depth: copied, moved, or closed up after a cut. */
export interface MovedBlocks {
  /** Path of the stack, as `model.layers`. */
  readonly stack: string;
  /** Blocks of the new checkpoint, rising, each with the block of the old one that it is. */
  readonly blocks: readonly (readonly [block: number, from: number])[];
  /** Blocks of the new checkpoint that are none of the old one. */
  readonly changed: readonly number[];
  /** Blocks of the old checkpoint that are in none of the new. */
  readonly unused: readonly number[];
}

/** A key of a configuration file that is not the same on both sides; undefined where the key is absent. */
export interface ConfigChange {
  /** Dotted path of the key. */
  readonly key: string;
  readonly old: unknown;
  readonly new: unknown;
}

/** What a summary tells beside the totals of the columns. */
export interface SummaryFacts {
  /** Of the whole checkpoints, selected or not. */
  readonly old: Pick<SideTotals, 'tensors' | 'elements'>;
  readonly new: Pick<SideTotals, 'tensors' | 'elements'>;
  readonly normalizeBySize: boolean;
  readonly topKLayers: number;
  /** Whether elements were counted one by one. */
  readonly computeElementWise: boolean;
  readonly configChanges?: readonly ConfigChange[];
  readonly unconfigured?: readonly ('old' | 'new')[];
  readonly leftOut?: readonly LeftOutDifference[];
  readonly nameChanges?: readonly NameChange[];
  readonly resized?: readonly ResizedTensor[];
  readonly movedBlocks?: readonly MovedBlocks[];
  readonly mergedAdapters?: readonly ('old' | 'new')[];
}

/** Totals over every tensor of the columns. */
export function summarize(columns: TensorColumns, facts: SummaryFacts): DiffSummary {
  const tensors: Record<ChangeType, number> = { unchanged: 0, modified: 0, added: 0, removed: 0, shape_changed: 0 };
  const elements: Record<ChangeType, number> = { ...tensors };
  const cosine = { sum: 0, weight: 0 };
  let changedElements = 0;
  let totalL2Diff = 0;
  let identical = 0;
  let dtypeChanged = 0;
  const relative: number[] = [];
  let oneMinusCosMax: number | null = null;
  let isMeasured = true;
  for (let row = 0; row < columns.names.length; row += 1) {
    if (columns.errors.has(row)) continue;
    const type = changeTypeAt(columns, row);
    const size = finiteOrZero(columns.totalElements[row]);
    tensors[type] += 1;
    elements[type] += size;
    identical += columns.identical[row] ?? 0;
    dtypeChanged += columns.dtypeChanged[row] ?? 0;
    if (!isCompared(columns, row)) continue;
    if (isUnmeasured(columns, row)) isMeasured = false;
    changedElements += finiteOrZero(columns.changedElements[row]);
    totalL2Diff += finiteOrZero(columns.l2Diff[row]);
    const similarity = columns.cosineSim[row] ?? Number.NaN;
    if (type === 'modified' && Number.isFinite(similarity)) {
      const weight = facts.normalizeBySize ? size : 1;
      cosine.sum += similarity * weight;
      cosine.weight += weight;
    }
    if (type !== 'modified' || !hasFinitePair(columns, row)) continue;
    const change = columns.relativeChange[row] ?? Number.NaN;
    if (Number.isFinite(change)) relative.push(change);
    const angle = columns.oneMinusCos[row] ?? Number.NaN;
    if (Number.isFinite(angle) && angle > (oneMinusCosMax ?? Number.NEGATIVE_INFINITY)) oneMinusCosMax = angle;
  }
  const layers = measureLayers(columns);
  const compared = elements.unchanged + elements.modified;
  const larger = Math.max(measureSide(columns.old).elements, measureSide(columns.new).elements);
  const {
    configChanges = [],
    unconfigured = [],
    leftOut = [],
    nameChanges = [],
    resized = [],
    movedBlocks = [],
    mergedAdapters = [],
  } = facts;
  return {
    totalParametersOld: facts.old.elements,
    totalParametersNew: facts.new.elements,
    addedParameters: tensors.added,
    removedParameters: tensors.removed,
    modifiedParameters: tensors.modified + tensors.shape_changed,
    unchangedParameters: tensors.unchanged,
    identicalParameters: identical,
    failedParameters: columns.errors.size,
    totalElements: compared,
    changedElements: facts.computeElementWise && isMeasured ? changedElements : null,
    totalL2Diff: isMeasured ? totalL2Diff : null,
    avgCosineSimilarity: !isMeasured ? null : cosine.weight === 0 ? 1 : cosine.sum / cosine.weight,
    mostChangedLayers: selectFirst(
      layers.filter(([, change]) => change > 0),
      facts.topKLayers,
      byChange,
    ),
    leastChangedLayers: selectFirst(layers, facts.topKLayers, (a, b) => byChange(b, a)),
    oldTensors: facts.old.tensors,
    newTensors: facts.new.tensors,
    oldElements: facts.old.elements,
    newElements: facts.new.elements,
    addedTensors: tensors.added,
    addedElements: elements.added,
    removedTensors: tensors.removed,
    removedElements: elements.removed,
    modifiedTensors: tensors.modified,
    reshapedTensors: tensors.shape_changed,
    unchangedTensors: tensors.unchanged,
    identicalTensors: identical,
    failedTensors: columns.errors.size,
    comparedTensors: tensors.unchanged + tensors.modified,
    comparedElements: compared,
    probedTensors: countProbed(columns),
    coverage: larger === 0 ? 1 : Math.min(1, compared / larger),
    relativeChange: readQuantiles(relative),
    oneMinusCosMax,
    dtypeChangedTensors: dtypeChanged,
    configChanges,
    unconfigured,
    leftOut,
    ...(nameChanges.length > 0 && { nameChanges }),
    ...(resized.length > 0 && { resized }),
    ...(movedBlocks.length > 0 && { movedBlocks }),
    ...(mergedAdapters.length > 0 && { mergedAdapters }),
    tensors: columns,
  };
}

/** Layers with their change R = sqrt(sum d^2 / sum max(old^2, new^2)). */
function measureLayers(columns: TensorColumns): Layer[] {
  const lengths = new Map<string, { readonly changes: number[]; readonly norms: number[] }>();
  const unmeasured = new Set<string>();
  for (let row = 0; row < columns.names.length; row += 1) {
    if (isUnmeasured(columns, row)) unmeasured.add(layerName(columns.names[row] ?? ''));
    const l2 = columns.l2Diff[row] ?? Number.NaN;
    const norm = Math.max(columns.old.norm[row] ?? 0, columns.new.norm[row] ?? 0);
    if (!Number.isFinite(l2) || !Number.isFinite(norm)) continue;
    const layer = layerName(columns.names[row] ?? '');
    const known = lengths.get(layer);
    if (known === undefined) {
      lengths.set(layer, { changes: [l2], norms: [norm] });
    } else {
      known.changes.push(l2);
      known.norms.push(norm);
    }
  }
  for (const layer of unmeasured) lengths.delete(layer);
  return Array.from(lengths, ([name, { changes, norms }]) => {
    const size = sumSquares(Float64Array.from(norms));
    return [name, size.sum === 0 ? 0 : rootOfQuotient(sumSquares(Float64Array.from(changes)), size)];
  });
}

type Layer = readonly [name: string, change: number];

/** Most changed first, equal ones by name. */
function byChange(a: Layer, b: Layer): number {
  return b[1] - a[1] || compareCodeUnits(a[0], b[0]);
}

/** Rows of which any probe tells anything. */
function countProbed({ names, probes }: TensorColumns): number {
  if (probes === undefined) return 0;
  return names.filter((_, row) => PROBE_METRIC_NAMES.some((metric) => !Number.isNaN(probes[metric][row] ?? Number.NaN))).length;
}

function readQuantiles(values: readonly number[]): DiffSummary['relativeChange'] {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { median: at(0.5), p99: at(0.99), max: at(1) };
}

function finiteOrZero(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}
