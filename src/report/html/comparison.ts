import type { VisualizationConfig } from '../options.ts';
import { escapeJsonInHtml } from '../../wording/escape.ts';
import { type ChartData, chooseBars, drawChart, tabulateBars } from './chart.ts';
import { showExplanation, showFoot } from './explain.ts';
import { showHead, showSources } from './head.ts';
import { showInsights } from './insights.ts';
import { showFindings, showLeftOut } from './left-out.ts';
import { html, type Markup, trusted } from './markup.ts';
import { showRules } from './rules.ts';
import { showConfiguration, showFailed, showStructure } from './structure.ts';
import { writePage } from './page.ts';
import { writeStyle } from './style.ts';
import { showLayers, showModified } from './tensors.ts';
import { writeJson } from '../json/comparison.ts';
import { describeOrigin } from '../provenance.ts';
import type { Report } from '../report.ts';
import { TOOL } from '../../tool.ts';
import { truncateMiddle } from '../../wording/width.ts';

/** The report as one HTML page. */
export function writeHtml(report: Report, config: VisualizationConfig = {}): string {
  const { maxLayersDisplay = 50, colorScheme = 'default', includeRawData = false, chartWidth = 800, chartHeight = 400 } = config;
  const chart = chooseBars(report);
  return writePage({
    title: `${truncateMiddle(report.oldName, 80)} → ${truncateMiddle(report.newName, 80)} · ${TOOL.name}`,
    style: writeStyle(colorScheme),
    schemes: colorScheme === 'default' ? 'light dark' : colorScheme,
    body: html`${showHead(report)}
<main>
${showRules(report)}
${showFailed(report, maxLayersDisplay)}
${showLeftOut(report, maxLayersDisplay)}
${showFindings(report, maxLayersDisplay)}
${showInsights(report)}
${chart === null ? null : showChart(chart, chartWidth, chartHeight)}
${showLayers(report)}
${showModified(report, maxLayersDisplay)}
${showStructure(report, maxLayersDisplay)}
${showConfiguration(report, maxLayersDisplay)}
${showSources(report)}
${showExplanation()}
</main>
${showFoot(describeOrigin(report))}
${includeRawData ? html`<script type="application/json" id="model-diff-data">${trusted(escapeJsonInHtml([...writeJson(report)].join('')))}</script>` : null}`,
  });
}

function showChart(chart: ChartData, width: number, height: number): Markup {
  return html`<section>
<h2>${chart.title}</h2>
<p class="note">Change R of the weights in each ${chart.entry}.</p>
<figure>${drawChart(chart, width, height)}</figure>
${tabulateBars(chart)}
</section>`;
}
