import type { SplitName } from './split-name.ts';
import type { Surroundings } from './tensor-class.ts';
import { isIndex, readIndexedBlock, readWords, type Word } from './vocabulary.ts';

/** What the rules look at. */
export interface NameView {
  /** Segments in lower case. */
  readonly segments: readonly string[];
  /** Last segment. */
  readonly leaf: string;
  /** Last segment that is neither an index nor the name of a parameter: the module (or the bare parameter) itself. */
  readonly owner: string;
  /** Position of `owner` in `segments`; -1 where there is none. */
  readonly ownerAt: number;
  /** Segment before the owner; '' where there is none. */
  readonly parent: string;
  /** Position of the first index or indexed block; Infinity where there is none. */
  readonly firstIndexAt: number;
  /** Whether an index comes before the owner. */
  readonly inBlock: boolean;
  /** Whether an index stands between owner and leaf, as in `mlp.0.weight`. */
  readonly inSequential: boolean;
  /** Number of dimensions; null where unknown. */
  readonly dims: number | null;
  /** What stands beside the tensor; looked at only when name and shape do not decide. */
  readonly around: Surroundings;
}

/** Prepares a split name for the rules. */
export function viewName(name: SplitName, dims: number | null, around: Surroundings): NameView {
  const { segments } = name;
  let ownerAt = findParameterAt(segments) - 1;
  let inSequential = false;
  while (ownerAt >= 0 && isIndex(segments[ownerAt] ?? '')) {
    ownerAt -= 1;
    inSequential = true;
  }
  const firstIndex = segments.findIndex((segment) => isIndex(segment) || readIndexedBlock(segment) !== null);
  const firstIndexAt = firstIndex < 0 ? Infinity : firstIndex;
  return {
    segments,
    leaf: segments.at(-1) ?? '',
    owner: segments[ownerAt] ?? '',
    ownerAt,
    parent: segments[ownerAt - 1] ?? '',
    firstIndexAt,
    inBlock: firstIndexAt < ownerAt,
    inSequential: inSequential && ownerAt < segments.length - 2,
    dims,
    around,
  };
}

/** Position of the first of the last segments that name a parameter and no module; the number of segments where there is none. */
export function findParameterAt(segments: readonly string[]): number {
  let at = segments.length - 1;
  while (at >= 0 && (readWords(segments[at] ?? '').has('leaf') || isLooseLeaf(segments, at))) at -= 1;
  return at + 1;
}

/** Auxiliary tensors behind a parameter (`weight.absmax`, `weight.quant_state.nf4`), and batch statistics. */
function isLooseLeaf(segments: readonly string[], at: number): boolean {
  if (at === 0) return false;
  const words = readWords(segments[at] ?? '');
  if (words.has('quant') || words.has('batchStatistic') || segments[at] === 'num_batches_tracked')
    return !segments[at]?.endsWith('_scales');
  return readWords(segments[at - 1] ?? '').has('quant');
}

/** Whether any segment is the word. */
export function anySegment(name: NameView, word: Word): boolean {
  return name.segments.some((segment) => readWords(segment).has(word));
}

/** Whether the owner is the word. */
export function ownerIs(name: NameView, word: Word): boolean {
  return readWords(name.owner).has(word);
}

/** Whether the owner or the segment before it is the word. */
export function nearOwner(name: NameView, word: Word): boolean {
  return ownerIs(name, word) || readWords(name.parent).has(word);
}

/** Whether a segment before the first index is the word. */
export function outsideBlocks(name: NameView, word: Word): boolean {
  return name.segments.some((segment, at) => at < name.firstIndexAt && readWords(segment).has(word));
}

/** Whether a sibling of the owner is the word. */
export function siblingIs(name: NameView, word: Word): boolean {
  for (const sibling of name.around.siblings) if (sibling !== name.owner && readWords(sibling).has(word)) return true;
  return false;
}

/** The nearest of attention and MLP among the modules around a tensor, from the owner outwards; null for neither. */
export function nearestBlock(name: NameView): 'attention' | 'mlp' | null {
  for (let at = name.ownerAt; at >= 0; at -= 1) {
    const words = readWords(name.segments[at] ?? '');
    if (words.has('mlpAncestor')) return 'mlp';
    if (words.has('attentionAncestor')) return 'attention';
  }
  return null;
}
