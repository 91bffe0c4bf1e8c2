import { createHash } from 'node:crypto';
import type { VisualizationConfig } from '../options.ts';
import { escapeJsonInHtml } from '../../wording/escape.ts';
import { type ChartData, chooseBars, drawChart, tabulateBars } from './chart.ts';
import { showExplanation, showFoot } from './explain.ts';
import { showHead, showSources } from './head.ts';
import { showInsights } from './insights.ts';
import { showFindings, showLeftOut } from './left-out.ts';
import { html, type Markup, trusted } from './markup.ts';
import { showConfiguration, showFailed, showStructure } from './structure.ts';
import { writeStyle } from './style.ts';
import { showLayers, showModified } from './tensors.ts';
import { writeJson } from '../json/comparison.ts';
import type { Report } from '../report.ts';
import { truncateMiddle } from '../text/width.ts';

/**
 * The report as one HTML page: no script, no request, readable on paper and by screen readers. Its content security policy allows
 * nothing but its own style.
 */
export function writeHtml(report: Report, config: VisualizationConfig = {}): string {
  const { maxLayersDisplay = 50, colorScheme = 'default', includeRawData = false, chartWidth = 800, chartHeight = 400 } = config;
  const style = writeStyle(colorScheme);
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const chart = chooseBars(report);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${SCHEMES[colorScheme]}">
<meta name="referrer" content="no-referrer">
<title>${truncateMiddle(report.oldName, 80)} → ${truncateMiddle(report.newName, 80)} · model-diff</title>
<style>${trusted(style)}</style>
</head>
<body>
${showHead(report)}
<main>
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
${showExplanation(report)}
</main>
${showFoot()}
${includeRawData ? html`<script type="application/json" id="model-diff-data">${trusted(escapeJsonInHtml(writeJson(report)))}</script>` : null}
</body>
</html>
`;
  return page.text.replace(/\n{2,}/g, '\n');
}

const SCHEMES: Readonly<Record<NonNullable<VisualizationConfig['colorScheme']>, string>> = {
  default: 'light dark',
  light: 'light',
  dark: 'dark',
};

function showChart(chart: ChartData, width: number, height: number): Markup {
  return html`<section>
<h2>${chart.title}</h2>
<p class="note">Relative change R of the weights of each ${chart.entry}.</p>
<figure>${drawChart(chart, width, height)}</figure>
${tabulateBars(chart)}
</section>`;
}
