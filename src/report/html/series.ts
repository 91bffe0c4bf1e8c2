import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesResult } from '../../series/types.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { truncateMiddle } from '../../wording/width.ts';
import { TOOL } from '../../tool.ts';
import { describeSeriesOrigin, type OriginWords } from '../provenance.ts';
import { gatherSeries } from './data/gather-series.ts';
import { packSeries } from './data/pack-series.ts';
import type { PageSeries } from './data/page-series.ts';
import { chooseSeriesDetail } from './data/series-detail.ts';
import { writePage } from './page.ts';
import { showFoot, showTerms } from './sections/explain.ts';
import { type Part, showBar } from './sections/head.ts';
import { showSeriesEvents } from './sections/series-events.ts';
import { showSeriesHead } from './sections/series-head.ts';
import { showStepMap } from './sections/series-map.ts';
import { showSeriesCheckpoints, showSteps } from './sections/series-tables.ts';
import { showSeriesTensors } from './sections/series-tensors.ts';
import { SERIES_NOTE, SERIES_TERMS } from './sections/series-terms.ts';
import { showTimeline } from './sections/series-timeline.ts';
import { html, type Markup } from './view/markup.ts';
import { showName } from './view/name.ts';

const TIMELINE: readonly Part[] = [['timeline', 'Timeline']];
const TENSORS: readonly Part[] = [
  ['map', 'Map'],
  ['tensors', 'Tensors'],
];
const TABLES: readonly Part[] = [
  ['steps', 'Steps'],
  ['checkpoints', 'Checkpoints'],
  ['about', 'Method'],
];

/** Up to so many steps, the timeline and the map have room beside each other. */
const FEW_STEPS = 5;

/** The events stand beside the timeline and the map, where there are any. */
function arrange(pictures: Markup, events: Markup | null, isShort: boolean): Markup {
  if (events !== null) return html`<div class="hero"><div>${pictures}</div>${events}</div>`;
  return html`<div class="${isShort ? 'hero halves' : 'hero wide'}">${pictures}</div>`;
}

/** What the script writes into. */
const PLACES: Markup = html`<div class="tip" id="tip" role="tooltip" hidden></div>
<div class="unseen" id="spoken" aria-live="polite"></div>`;

/** The series as one HTML page, in pieces. @param rows of each list of tensors where no script shows all */
export function* writeSeriesHtml(
  series: SeriesResult,
  rows: number = 50,
  provenance: SeriesProvenance | null = null,
): Iterable<string> {
  const { checkpoints } = series;
  const ends = [checkpoints[0], checkpoints.at(-1)].map((checkpoint) => truncateMiddle(checkpoint?.name ?? '', 80));
  const page = gatherSeries(series);
  const detail = chooseSeriesDetail(series);
  yield* writePage({
    title: `${ends.join(' → ')} · ${formatNoun(checkpoints.length, 'checkpoint')} · ${TOOL.name}`,
    colorScheme: 'default',
    kind: 'series',
    body: drawSections(series, page, { rows, note: detail?.words ?? null, origin: describeSeriesOrigin(provenance) }),
    data: packSeries(detail === null ? page : gatherSeries(series, detail.rows), detail?.left ?? 0),
  });
}

/** What the sections say beside the series. */
interface Frame {
  readonly rows: number;
  /** What the page does not hold. */
  readonly note: string | null;
  readonly origin: OriginWords | null;
}

function* drawSections(series: SeriesResult, page: PageSeries, { rows, note, origin }: Frame): Iterable<Markup> {
  const { checkpoints } = series;
  const timeline = showTimeline(page);
  const parts = [...(timeline === null ? [] : TIMELINE), ...(page.count === 0 ? [] : TENSORS), ...TABLES];
  const tools =
    page.count === 0 ? null : html`<button id="to-search">Search <kbd>/</kbd></button><button data-take="csv">CSV</button>`;
  const names = html`${showName(checkpoints[0]?.name ?? '')}<span class="arrow"> → </span>${showName(checkpoints.at(-1)?.name ?? '')}`;
  yield html`${showBar(names, parts, tools)}
<main>
${showSeriesHead(series)}
${note === null ? null : html`<p class="note">${note}</p>`}`;
  yield arrange(
    html`${timeline}
${showStepMap(page, note !== null)}`,
    showSeriesEvents(series, rows),
    timeline !== null && page.steps.length <= FEW_STEPS,
  );
  yield showSeriesTensors(series, page, rows);
  yield html`${showSteps(series)}
${showSeriesCheckpoints(series)}
${showTerms(SERIES_TERMS, SERIES_NOTE)}
</main>
${showFoot(origin)}
${PLACES}`;
}
