/**
 * The conclusion in one sentence: first what invalidates everything else, then size, density and place of the change,
 * then what is missing. Every number in it is in the evidence of an insight or in the summary.
 */
import type { AnalysisContext } from './context.ts';
import { formatCount, formatCosine, formatFold, formatNoun, formatPercent, formatShare } from '../wording/numbers.ts';
import { capitalize, joinWords } from '../wording/sentences.ts';

/** One part of the sentence; null where there is nothing to say. */
type Clause = (context: AnalysisContext) => string | null;

/** From this share of the elements on, frozen tensors make an update partial. */
const PARTIAL = 0.2;
/** From this share of lost elements on the rest is not worth a pattern. */
const LOST = 0.5;
/** Weights with a cosine below this are the old ones with the sign turned. */
const REVERSED = -0.3;
/** Norms that grew or shrank by this factor are told. */
const GROWTH = 1.5;
/** Continued pre-training keeps the cosine above this. */
const RELATED = 0.3;
/** Runner-ups below this probability are not named. */
const WORTH_NAMING = 0.01;

/** What happened and how sure that is. */
export function composeVerdict(context: AnalysisContext): string {
  const clauses = [
    describeNonFinite,
    describeOverflow,
    describeChange,
    describeGrowth,
    describeDensity,
    describeFrozen,
    describeArchitecture,
    describeFailures,
  ];
  const words = clauses.map((clause) => clause(context)).filter((text) => text !== null);
  return `${capitalize(words.join('; '))}.`;
}

const describeNonFinite: Clause = ({ nonFinite: { unexplained, tensors } }) =>
  unexplained.tensors.length === 0
    ? null
    : `NaN or Inf appeared in ${unexplained.tensors.length} of ${formatNoun(tensors, 'tensor')} (${formatShare(unexplained.elementShare)} of the elements), first in ${unexplained.tensors[0] ?? ''}`;

const describeOverflow: Clause = ({ nonFinite: { overflows, tensors, elements: all } }) => {
  const clauses = overflows.map(
    ({ from, to, became, elements, tensors: [first = '', ...others] }) =>
      `values overflowed to ${became} in the conversion from ${from} to ${to}, in ${others.length + 1} of ${formatNoun(tensors, 'tensor')} (${formatShare(elements / all)} of the elements), first in ${first}`,
  );
  return clauses.join('; ') || null;
};

/** The main clause. */
const describeChange: Clause = (context) => {
  const { counts, overall, band, pattern, precision, rescaling } = context;
  const { common, compared, byType } = counts;
  if (compared === 0) return describeNothing(context);
  if (overall.change === 0)
    return byType.modified === 0
      ? describeIdentity(context)
      : context.nonFinite.appeared.length > 0
        ? 'no finite value changed'
        : `${formatNoun(byType.modified, 'tensor')} of ${formatCount(compared)} changed, by values too large or too small to be summed`;
  const size = `R = ${formatPercent(overall.change)}`;
  if (context.nonFinite.elementShare >= LOST) return `in the few values that are finite ${size}`;
  if (precision !== null && precision.onlyRounding >= 0.5) {
    const pairs = precision.conversions.map(({ from, to }) => `${from} to ${to}`);
    const expected = Math.max(...precision.conversions.map((conversion) => conversion.expected));
    return `conversion from ${joinWords(pairs)}: ${size} is what rounding alone makes (${formatPercent(expected)} expected, ${formatShare(precision.onlyRounding)} sure)`;
  }
  if (rescaling !== null)
    return `rescaled weights (${size}): ${formatNoun(rescaling.tensors, 'changed tensor')} of those measured ${rescaling.tensors === 1 ? 'is the old one' : 'are the old ones'} times ${rescaling.factor.toPrecision(3)}`;
  if (context.measured.every(({ newNorm }) => newNorm === 0)) return `all weights became zero (${size})`;
  if (context.measured.every(({ oldNorm }) => oldNorm === 0)) return `weights that were all zero before (${size})`;
  if (band === 'replaced') return describeReplacement(context, size);
  const place = pattern === null || pattern.identical ? '' : `, ${describePlace(context)}`;
  const most = common > 0 && byType.modified === 0 ? ' below the threshold of change' : '';
  return `${describeKind(context)} (${size})${most}${place}`;
};

function describeReplacement({ overall, counts }: AnalysisContext, size: string): string {
  const facts = `${size}, cosine ${formatCosine(overall.oneMinusCos ?? 1)}`;
  if ((overall.cosine ?? 0) < REVERSED)
    return `reversed weights (${facts}): they point the other way in ${formatNoun(counts.compared, 'common tensor')}`;
  return `replaced weights (${facts}): no resemblance in ${formatNoun(counts.compared, 'common tensor')}`;
}

function describeNothing({ counts, rows }: AnalysisContext): string {
  const { common, byType } = counts;
  if (common > 0)
    return `nothing could be compared: of ${formatNoun(common, 'common tensor')}, ${byType.shape_changed} with another shape and ${byType.failed} that failed`;
  if (rows.length === 0) return 'nothing to compare: no tensor on either side';
  return `nothing in common: no name of ${formatNoun(byType.removed, 'old tensor')} is one of ${formatNoun(byType.added, 'new tensor')}`;
}

function describeIdentity({ counts, precision, summary }: AnalysisContext): string {
  const { compared, byType } = counts;
  const resized = summary.resized?.filter((one) => !one.identical).length ?? 0;
  if (resized > 0)
    return `no change but in ${formatNoun(resized, 'resized embedding or head', 'resized embeddings or heads')}, of which the common rows changed`;
  if (byType.identical < compared) {
    const rest = compared - byType.identical;
    return byType.identical === 0
      ? `no measurable change in ${formatNoun(compared, 'common tensor')}`
      : `identical in ${byType.identical} of ${formatNoun(compared, 'common tensor')}, no measurable change in the other ${rest}`;
  }
  if (precision === null)
    return compared === 1
      ? 'identical: the one common tensor is equal in every value'
      : `identical: all ${formatNoun(compared, 'common tensor')} are equal in every value`;
  const pairs = precision.conversions.map(({ from, to, tensors }) => `${from} to ${to} in ${tensors}`);
  return `identical values in another dtype (${joinWords(pairs)} of ${formatNoun(compared, 'tensor')})`;
}

/** Size and density: `light dense fine-tune`. */
function describeKind({ band, density, frozen, overall }: AnalysisContext): string {
  const isPartial = frozen.elements > 0 && frozen.frozenElements >= PARTIAL * frozen.elements;
  const spread =
    density === null
      ? ''
      : density.verdict === 'dense'
        ? 'dense '
        : density.verdict === 'rounded'
          ? 'precision-limited '
          : 'element-sparse ';
  const extent = isPartial && density?.verdict !== 'sparse' ? `partial ${density?.verdict === 'rounded' ? spread : ''}` : spread;
  if (band === 'trace') return `trace-sized ${extent}update`;
  if (band === 'heavy') {
    const isLost = overall.cosine !== null && overall.cosine < RELATED;
    return isLost
      ? `heavy ${extent}change, hardly related to the old weights, cosine ${formatCosine(overall.oneMinusCos ?? 1)}`
      : `heavy ${extent}change, the size of continued pre-training`;
  }
  return `${band} ${extent}fine-tune`;
}

/** Pattern, how sure it is, and the runner-up. */
function describePlace({ pattern }: AnalysisContext): string {
  if (pattern === null) return '';
  const [, second] = pattern.probabilities;
  const where = pattern.evidence['onlySmallParameters'] === true ? ' over norms and biases alone' : '';
  const next = second === undefined || second[1] < WORTH_NAMING ? '' : `; next: ${second[0]} ${formatShare(second[1])}`;
  const doubt = pattern.ambiguous ? ', ambiguous' : '';
  return `${pattern.pattern}${where} (${formatShare(pattern.confidence)}${doubt})${next}`;
}

const describeGrowth: Clause = ({ overall: { normRatio } }) => {
  if (normRatio === null || (normRatio < GROWTH && normRatio > 1 / GROWTH)) return null;
  return `the weights are ${formatFold(normRatio)} as large as before`;
};

const describeDensity: Clause = ({ density, overall, precision }) => {
  if (density === null || density.verdict === 'dense' || overall.change === 0 || precision !== null) return null;
  const kept = `${formatShare(1 - density.observed)} of the changed tensors' elements kept their value`;
  const expected = `${density.isApproximate ? 'about ' : ''}${formatShare(1 - density.expected)}`;
  const dtypes = joinWords(density.dtypes);
  return density.verdict === 'rounded'
    ? `${kept}, and rounding to ${dtypes} explains ${expected}`
    : `${kept}, where rounding to ${dtypes} explains ${expected}`;
};

const describeFrozen: Clause = ({ frozen, overall }) => {
  if (overall.change === 0 || frozen.elements === 0 || frozen.frozenElements < PARTIAL * frozen.elements) return null;
  return `${formatShare(frozen.frozenElements / frozen.elements)} of the elements are in ${formatNoun(frozen.frozenTensors, 'tensor')} that did not change at all`;
};

const describeArchitecture: Clause = ({ counts: { byType, compared } }) => {
  if (compared === 0) return null;
  const parts: string[] = [];
  if (byType.added > 0) parts.push(`${formatNoun(byType.added, 'tensor')} added`);
  if (byType.removed > 0) parts.push(`${byType.removed} removed`);
  if (byType.shape_changed > 0) parts.push(`${byType.shape_changed} reshaped`);
  return parts.length === 0 ? null : joinWords(parts);
};

const describeFailures: Clause = ({ counts: { byType, compared } }) =>
  byType.failed === 0 || compared === 0 ? null : `${formatNoun(byType.failed, 'tensor')} could not be compared`;
