import { TOOL } from '../../tool.ts';
import { truncateMiddle } from '../../wording/width.ts';
import type { VisualizationConfig } from '../options.ts';
import { describeOrigin } from '../provenance.ts';
import type { Report } from '../report.ts';
import { chooseDetail } from './data/detail.ts';
import { gatherTensors } from './data/gather.ts';
import type { PageTensors } from './data/page-tensors.ts';
import { packTensors } from './data/pack.ts';
import { writePage } from './page.ts';
import { showCheckpoints } from './sections/checkpoints.ts';
import { showExplanation, showFoot } from './sections/explain.ts';
import { showFindingsPanel } from './sections/findings.ts';
import { type Part, showBar, showHead, showNames } from './sections/head.ts';
import { showFindings, showLeftOut } from './sections/left-out.ts';
import { type MapRoom, showMap } from './sections/map.ts';
import { showRules } from './sections/rules.ts';
import { showSpread } from './sections/spread.ts';
import { showConfiguration, showFailed, showStructure } from './sections/structure.ts';
import { showTensors } from './sections/tensors.ts';
import { html, type Markup } from './view/markup.ts';

/** The report as one HTML page, in pieces. */
export function* writeHtml(report: Report, config: VisualizationConfig = {}): Iterable<string> {
  const {
    maxLayersDisplay = 50,
    colorScheme = 'default',
    includeRawData = false,
    chartWidth = 800,
    chartHeight = 400,
    htmlDetail = 'auto',
  } = config;
  const { oldName, newName } = report;
  const tensors = gatherTensors(report);
  const detail = chooseDetail(report.columns, htmlDetail);
  const room = { width: chartWidth, height: chartHeight, isFixed: detail !== null };
  yield* writePage({
    title: `${truncateMiddle(oldName, 80)} → ${truncateMiddle(newName, 80)} · ${TOOL.name}`,
    colorScheme,
    kind: 'comparison',
    body: drawSections(report, tensors, { rows: maxLayersDisplay, room, note: detail?.words ?? null }),
    data: packTensors(detail === null ? tensors : gatherTensors(report, detail.rows), detail?.left ?? 0, includeRawData),
  });
}

/** What bounds the sections. */
interface Bounds {
  readonly rows: number;
  readonly room: MapRoom;
  /** What the page does not hold. */
  readonly note: string | null;
}

function* drawSections(report: Report, tensors: PageTensors, { rows, room, note }: Bounds): Iterable<Markup> {
  yield html`${showBar(showNames(report), listParts(report), TOOLS)}
<main>
${showHead(report)}
${note === null ? null : html`<p class="note">${note}</p>`}
<div class="hero">`;
  yield showMap(tensors, room);
  yield html`${showFindingsPanel(report, tensors)}
</div>`;
  yield showSpread(tensors);
  yield showTensors(report, tensors, rows);
  yield html`${showRules(report)}
${showFailed(report, rows)}
${showLeftOut(report, rows)}
${showFindings(report, rows)}
${showStructure(report, rows)}
${showConfiguration(report, rows)}
${showCheckpoints(report)}
${showExplanation()}
</main>
${showFoot(describeOrigin(report))}
${DRAWER}`;
}

/** What the script does from the bar on top. */
const TOOLS: Markup = html`<button id="to-search">Search <kbd>/</kbd></button><button data-take="csv">CSV</button>`;

/** Where the script shows one tensor. */
const DRAWER: Markup = html`<div class="drawer" id="drawer" role="dialog" aria-labelledby="details-name" hidden><div class="drawer-tools"><button id="before" aria-label="The row before">↑</button><button id="after" aria-label="The row after">↓</button><span class="room"></span><button id="close">Close <kbd>Esc</kbd></button></div><div id="details"></div></div>
<div class="tip" id="tip" role="tooltip" hidden></div>
<div class="unseen" id="spoken" aria-live="polite"></div>`;

function listParts({ summary }: Report): Part[] {
  const parts: (Part | null)[] = [
    ['map', 'Map'],
    ['tensors', 'Tensors'],
    summary.configChanges.length > 0 ? ['configuration', 'Configuration'] : null,
    ['checkpoints', 'Checkpoints'],
    ['about', 'Method'],
  ];
  return parts.filter((part) => part !== null);
}
