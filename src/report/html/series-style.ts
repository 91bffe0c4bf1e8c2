/** What the charts of a series need beside the style of every page. */
export const SERIES_STYLE = `.chart polyline{fill:none;stroke-width:2}
.chart polyline.first,.chart line.first{stroke:var(--bar)}
.chart polyline.second,.chart line.second{stroke:var(--warn);stroke-dasharray:6 4}
.chart line.first,.chart line.second{stroke-width:2}
.chart circle.first{fill:var(--bar)}
.chart circle.second{fill:var(--warn)}
.verdict.long{font-size:1.1875rem;line-height:1.45;letter-spacing:-.005em;text-wrap:pretty}
.names li{display:block}
.names{list-style:none;padding:.25rem 0;font-size:.875rem}
`;
