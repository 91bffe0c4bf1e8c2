import { explainSeries } from '../../../series/details.ts';
import type { SeriesResult } from '../../../series/types.ts';
import { formatCompact, formatCount, formatNoun, formatPercent, isMissing } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { formatTwoDigits } from '../../step-columns.ts';
import { html, type Markup } from '../view/markup.ts';
import { type Figure, LONG_VERDICT, showFigures } from './head.ts';

/** The verdict, what it leaves out, and the numbers that sum the series up. */
export function showSeriesHead(series: SeriesResult): Markup {
  const { verdict, checkpoints } = series;
  const details = explainSeries(series);
  const last = checkpoints.at(-1);
  const facts = [
    formatNoun(checkpoints.length, 'checkpoint'),
    ...(last === undefined ? [] : [formatNoun(last.tensors, 'tensor'), `${formatCompact(last.parameters)} parameters`]),
  ];
  return html`<header>
<h1 class="verdict${verdict.length > LONG_VERDICT ? ' long' : null}">${truncateMiddle(verdict, 2000)}</h1>
<p class="sides-line">${facts.join(', ')}</p>
${showFigures(listFigures(series))}
${details === '' ? null : html`<p class="details">${truncateMiddle(details, 2000)}</p>`}
</header>`;
}

function listFigures({ steps, events, tensors }: SeriesResult): Figure[] {
  const { relativeDistance: distance, straightness } = steps.at(-1) ?? { relativeDistance: null, straightness: null };
  const jumps = new Set(
    events.flatMap(({ kind, tensor, step }) => ((kind === 'jumped' || kind === 'norm_jumped') && tensor === null ? [step] : [])),
  ).size;
  const alone = new Set(events.flatMap(({ kind, tensor }) => (kind === 'jumped' && tensor !== null ? [tensor] : []))).size;
  const count = (kind: string): number => events.filter((event) => event.kind === kind).length;
  const never = tensors.names.filter((_, row) =>
    tensors.identical.subarray(row * steps.length, (row + 1) * steps.length).every((same) => same === 1),
  ).length;
  const figures: (Figure | null)[] = [
    { value: formatCount(steps.length), words: steps.length === 1 ? 'step' : 'steps', kind: 'plain' },
    isMissing(distance) ? null : { value: formatPercent(distance, 3), words: 'from the start', kind: zeroAs(distance) },
    isMissing(straightness) ? null : { value: formatTwoDigits(straightness), words: 'straightness', kind: 'plain' },
    describeNonfinite(steps),
    { value: formatCount(jumps), words: jumps === 1 ? 'jump' : 'jumps', kind: jumps === 0 ? 'quiet' : 'alarm' },
    jumps > 0 || alone === 0 ? null : { value: formatCount(alone), words: 'jumped alone', kind: 'alarm' },
    count('failed') === 0 ? null : { value: formatCount(count('failed')), words: 'could not be compared', kind: 'alarm' },
    count('codes') === 0 ? null : { value: formatCount(count('codes')), words: 'stored as codes', kind: 'plain' },
    count('froze') === 0 ? null : { value: formatCount(count('froze')), words: 'stopped changing', kind: 'plain' },
    { value: formatCount(never), words: `of ${formatNoun(tensors.names.length, 'tensor')} never changed`, kind: zeroAs(never) },
  ];
  return figures.filter((figure) => figure !== null);
}

function zeroAs(value: number): Figure['kind'] {
  return value === 0 ? 'quiet' : 'plain';
}

/** Of the last checkpoint, or of the one that has most where the last one has none. */
function describeNonfinite(steps: SeriesResult['steps']): Figure {
  const counts = steps.map(({ nan, inf }) => nan + inf);
  const [last = 0, most] = [counts.at(-1), Math.max(0, ...counts)];
  if (last > 0) return { value: formatCount(last), words: 'NaN or Inf at the end', kind: 'alarm' };
  if (most > 0) return { value: formatCount(most), words: 'NaN or Inf on the way, none at the end', kind: 'alarm' };
  return { value: '0', words: 'NaN or Inf', kind: 'quiet' };
}
