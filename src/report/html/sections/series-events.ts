import type { SeriesResult } from '../../../series/types.ts';
import { describeRise } from '../../../series/wording.ts';
import { formatNoun, formatPercent, formatRest } from '../../../wording/numbers.ts';
import { capitalize } from '../../../wording/sentences.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { describeGroup, describeTensorEvent, type EventGroup, groupEvents } from '../../event-groups.ts';
import { compareSeverity } from '../../severity.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';

/** Steps that are listed. */
const MOST_STEPS = 40;

/** What happened, the events of a step together, the gravest step first; null where nothing did. */
export function showSeriesEvents(series: SeriesResult, rows: number): Markup | null {
  const steps = new Map<number, EventGroup[]>();
  for (const group of groupEvents(series)) {
    const known = steps.get(group.step);
    if (known === undefined) steps.set(group.step, [group]);
    else known.push(group);
  }
  if (steps.size === 0) return null;
  const items = Array.from(steps, ([step, groups]) => {
    const ordered = groups.toSorted(compareSeverity);
    return { step, groups: ordered, severity: ordered[0]?.severity ?? 'info' };
  }).sort(compareSeverity);
  const rest = formatRest(items.length - MOST_STEPS, 'step with events', 'steps with events');
  return html`<section id="events">
<h2>Events</h2>
<ul class="findings">
${items.slice(0, MOST_STEPS).map(
  ({
    step,
    groups,
    severity,
  }) => html`<li class="${severity}" id="event-${step}"><h3><span class="badge ${severity}">${step}</span> ${showName(series.checkpoints[step]?.name ?? '')}</h3>
${groups.map((group) => showGroup(group, rows))}</li>\n`,
)}</ul>${rest === '' ? null : html`<p class="rest">${rest}</p>`}
</section>`;
}

function showGroup(group: EventGroup, rows: number): Markup {
  const { step, kind, tensors } = group;
  const shown = tensors.slice(0, rows);
  const rest = formatRest(tensors.length - shown.length, 'tensor');
  const names = shown.map(
    (event) =>
      html`<li>${showName(event.tensor ?? '')} <span class="dim">${truncateMiddle(describeTensorEvent(event), 300)}</span></li>\n`,
  );
  const query = `${kind}:${step}`;
  return html`<p>${capitalize(describeShortly(group))}</p>
${
  tensors.length === 0
    ? null
    : html`<div class="event-tensors"><details><summary>${formatNoun(tensors.length, 'tensor')}</summary><ul class="files">
${names}</ul>${rest === '' ? null : html`<p class="rest">${rest}</p>`}</details><a class="live" href="#q=${encodeURIComponent(query)}" data-query="${query}">show in the table →</a></div>`
}`;
}

/** As other reports say it, but for what the heading and the number of tensors below say already. */
function describeShortly(group: EventGroup): string {
  const { kind, whole } = group;
  if (whole === null || (kind !== 'jumped' && kind !== 'norm_jumped')) return describeGroup(group);
  const before = `${describeRise(whole)} the median before it`;
  return kind === 'jumped' ? `step of ${formatPercent(whole.value)}, ${before}` : `norm ${before}`;
}
