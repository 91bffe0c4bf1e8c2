import { erfc } from '../analysis/rounding/erfc.ts';
import { ROUNDING_SHAPES, type RoundingShape } from '../comparison/columns.ts';

/** What is known of the elements of one exponent. */
export interface ExponentBin {
  /** log2 of the spacing of the grid that they lie on. */
  readonly logUnit: number;
  /** Elements in the sample. */
  readonly elements: number;
  /** Those of them whose bits changed. */
  readonly changed: number;
}

/** Elements below which an exponent says nothing. */
const FEWEST = 64;
/** Exponents below which there is no shape. */
const FEWEST_BINS = 4;
/**
 * Changed elements that an exponent counts as at most. The models are not exact: without this every one of them would be refuted by a
 * sample that is large enough.
 */
const MOST = 64;
/** Share that a model says at least and at most: what is beside the model (noise, a few outliers) takes no more. */
const EDGE = 0.002;
/** Octaves by which the size of the update may differ from the one that the size of the change gives. */
const SIZE_TOLERANCE = 1;
/** Octaves below it for what does not lie on the grid. */
const OFF_GRID = 7;
/** Misfit of the best explanation, an exponent, above which none explains anything. */
const MOST_MISFIT = 6;
/** By how much the best explanation must be better than the others. */
const MARGIN = 16;

/**
 * Tells from the share of changed elements by exponent how the change was rounded. Each explanation is a curve over the spacing u of the
 * grid, for an update of deviation s; the one that fits best wins if it fits well and clearly better than the others.
 *
 * - `one_rounding`: erfc(u / (2 sqrt2 s)), of an update of what lies on the grid, or E[min(|d| / u, 1)] where both sides are
 *   roundings of what does not; s is about what the size of the change gives.
 * - `cliff`: 1 - (1 - erfc(u / (2 sqrt2 s)))^n for n from 8 to 512 steps, of which up to a fifth of the elements come back; any s.
 * - `flat`: q times the curve of one rounding, for a share q of at most 0.9 that the update was let through to; s is about what the size
 *   of the change gives for that share.
 *
 * @param logSize log2 of the deviation of the update before rounding, as the size of the change gives it
 */
export function judgeShape(bins: readonly ExponentBin[], logSize: number): RoundingShape {
  const known = bins.filter(({ elements }) => elements >= FEWEST).map((bin) => weigh(bin));
  if (known.length < FEWEST_BINS || !Number.isFinite(logSize)) return 'unknown';
  const { onGrid, offGrid, cliff, masks } = (curves ??= buildCurves());
  const around = Math.round(logSize * FINE);
  const tolerance = SIZE_TOLERANCE * FINE;
  const units = known.map(({ unit }) => unit);
  // What fits worse than the best so far by the margin, or worse than anything that counts, need not be known more closely.
  let bound = MOST_MISFIT * known.length + MARGIN;
  const misfitOf = (candidates: readonly Curve[], from: number, to: number): number => {
    const misfit = fit(known, candidates, from, to, bound);
    bound = Math.min(bound, misfit + MARGIN);
    return misfit;
  };
  const fits: (readonly [RoundingShape, number])[] = [
    [
      'one_rounding',
      Math.min(
        misfitOf(onGrid, around - tolerance, around + tolerance),
        // The size is solved for what lies on the grid: off it, the smaller an update is, the more of it comes out too large.
        misfitOf(offGrid, around - OFF_GRID * FINE, around + tolerance),
      ),
    ],
    [
      'flat',
      Math.min(...masks.map(([offset, curve]) => misfitOf([curve], around + offset - tolerance, around + offset + tolerance))),
    ],
    ['cliff', misfitOf(cliff, Math.min(...units) - 4 * FINE, Math.max(...units) + 2 * FINE)],
  ];
  fits.sort((a, b) => a[1] - b[1]);
  const [best, next] = fits;
  if (best === undefined || next === undefined) return 'unknown';
  const [shape, misfit] = best;
  if (shape === 'cliff' && !isCliff(bins)) return 'undecided';
  return misfit <= MOST_MISFIT * known.length && next[1] - misfit >= MARGIN ? shape : 'undecided';
}

/** Share that small elements have at least and large ones at most, on either side of a cliff. */
const CLIFF = { small: 0.7, large: 0.1 };

function isCliff(bins: readonly ExponentBin[]): boolean {
  const known = bins.filter(({ elements }) => elements >= FEWEST).sort((a, b) => a.logUnit - b.logUnit);
  const share = (bin: ExponentBin | undefined): number => (bin === undefined ? Number.NaN : bin.changed / bin.elements);
  return share(known[0]) >= CLIFF.small && share(known.at(-1)) <= CLIFF.large;
}

/** The code of a shape in columns. */
export function shapeCode(shape: RoundingShape): number {
  return ROUNDING_SHAPES.indexOf(shape);
}

/** Steps of the search for a size, an octave. */
const FINE = 8;
/** Octaves between size and spacing that curves reach to on either side. */
const REACH = 16;
const MIDDLE = REACH * FINE;

/** Logarithms of the share of changed elements and of the others, by spacing over size. 0 until they are first asked for. */
interface Curve {
  readonly of: (ratio: number) => number;
  readonly changed: Float64Array;
  readonly kept: Float64Array;
}

/** An exponent as curves are held against it. */
interface Weighed {
  /** log2 of the spacing in steps of the search. */
  readonly unit: number;
  readonly changed: number;
  readonly kept: number;
  /** What a curve through the very shares would have. */
  readonly least: number;
  /** Logarithm of the share of changed elements. */
  readonly logShare: number;
}

function weigh({ logUnit, elements, changed }: ExponentBin): Weighed {
  const share = changed / elements;
  const weight = Math.min(elements, MOST / Math.max(share, EDGE));
  const entropy = (part: number): number => (part > 0 ? part * Math.log(part) : 0);
  return {
    unit: Math.round(logUnit * FINE),
    changed: weight * share,
    kept: weight * (1 - share),
    least: weight * (entropy(share) + entropy(1 - share)),
    logShare: Math.log(share),
  };
}

/**
 * Twice the logarithm of how much less likely the counts are under the best of the curves, for sizes in a range, than under shares of
 * their own; Infinity where no curve comes below `bound`.
 */
function fit(bins: readonly Weighed[], candidates: readonly Curve[], from: number, to: number, bound: number): number {
  let best = bound / 2;
  let isBelow = false;
  const take = (misfit: number): void => {
    if (misfit >= best || misfit === TOO_SMALL) return;
    best = misfit;
    isBelow = true;
  };
  for (const curve of candidates) {
    let [low, high] = [from, to];
    let size = 0;
    let misfit = TOO_LARGE;
    // Shares grow with the size: one exponent that refutes a size refutes all beyond it.
    while (low <= high) {
      size = Math.floor((low + high) / 2);
      misfit = misfitAt(bins, curve, size, best);
      if (misfit === TOO_LARGE) high = size - 1;
      else if (misfit === TOO_SMALL) low = size + 1;
      else break;
    }
    if (low > high) continue;
    take(misfit);
    for (let more = size + 1; more <= high && misfit !== TOO_LARGE; more += 1) take((misfit = misfitAt(bins, curve, more, best)));
    for (let less = size - 1; less >= low && misfit !== TOO_SMALL; less -= 1) take((misfit = misfitAt(bins, curve, less, best)));
  }
  return isBelow ? 2 * best : Infinity;
}

/** A size that one exponent refutes by itself, which would have more or fewer changed elements. */
const TOO_LARGE = Infinity;
const TOO_SMALL = -Infinity;
/** By how much: far more than the last bits of logarithms, far less than anything that counts. */
const SLACK = 1e-6;

/** Half of what {@link fit} gives, for one curve and size; something not below `best`, {@link TOO_LARGE} or {@link TOO_SMALL} where it is none. */
function misfitAt(bins: readonly Weighed[], curve: Curve, size: number, best: number): number {
  const { changed, kept } = curve;
  let total = 0;
  for (const bin of bins) {
    const steps = bin.unit - size + MIDDLE;
    const at = steps < 0 ? 0 : steps > 2 * MIDDLE ? 2 * MIDDLE : steps;
    if (changed[at] === 0) fillEntry(curve, at);
    const log = changed[at] ?? 0;
    const misfit = bin.least - bin.changed * log - bin.kept * (kept[at] ?? 0);
    if (misfit > best + SLACK) return log > bin.logShare ? TOO_LARGE : TOO_SMALL;
    total += misfit;
    // No addend is below zero: no curve fits better than the very shares.
    if (total >= best) return total;
  }
  return total;
}

interface Curves {
  readonly onGrid: readonly Curve[];
  readonly offGrid: readonly Curve[];
  readonly cliff: readonly Curve[];
  /** With the steps by which the update is larger than the size of the change says: only a share of it arrived. */
  readonly masks: readonly (readonly [offset: number, curve: Curve])[];
}

const STEPS = [8, 32, 128, 512];
const NOT_RETURNED = [1, 0.9, 0.8];
const SHARES = [0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, ...Array.from({ length: 18 }, (_, at) => (at + 1) / 20)];

let curves: Curves | undefined;

function buildCurves(): Curves {
  return {
    onGrid: [buildCurve(onGrid), buildCurve(onGridWithTails)],
    offGrid: [buildCurve(offGrid)],
    cliff: STEPS.flatMap((steps) =>
      NOT_RETURNED.map((share) => buildCurve((ratio) => share * (1 - (1 - onGrid(ratio)) ** steps))),
    ),
    masks: SHARES.map((share) => [Math.round((-Math.log2(share) / 2) * FINE), buildCurve((ratio) => share * onGrid(ratio))]),
  };
}

function buildCurve(of: Curve['of']): Curve {
  return { of, changed: new Float64Array(2 * MIDDLE + 1), kept: new Float64Array(2 * MIDDLE + 1) };
}

function fillEntry({ of, changed, kept }: Curve, at: number): void {
  const share = Math.min(1 - EDGE, Math.max(EDGE, of(2 ** ((at - MIDDLE) / FINE))));
  changed[at] = Math.log(share);
  kept[at] = Math.log(1 - share);
}

/** What {@link onGrid} gave: nearly all curves are made of it, for the same few hundred ratios. */
const sharesOnGrid = new Map<number, number>();

/** Share of the elements that change, where old lies on the grid; `ratio` is its spacing over the deviation of the update. */
function onGrid(ratio: number): number {
  let share = sharesOnGrid.get(ratio);
  if (share === undefined) sharesOnGrid.set(ratio, (share = erfc(ratio / (2 * Math.SQRT2))));
  return share;
}

/** The same of an update with heavier tails, a Laplace distribution. */
function onGridWithTails(ratio: number): number {
  return Math.exp(-ratio / Math.SQRT2);
}

/** The same where old and new are roundings of what lies between grid points: E[min(|d| / u, 1)]. */
function offGrid(ratio: number): number {
  return (2 * -Math.expm1((-ratio * ratio) / 2)) / (ratio * Math.sqrt(2 * Math.PI)) + erfc(ratio / Math.SQRT2);
}
