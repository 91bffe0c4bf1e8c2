import type { VisualizationConfig } from '../options.ts';

const LIGHT = `--paper:#fdfdfc;--raised:#f4f5f6;--ink:#15181c;--soft:#566070;--line:#dfe3e8;--accent:#2457c5;--bar:#4f7fe0;--good:#1c6b3f;--warn:#855400;--warn-paper:#fdf3df;--bad:#a8201a;--bad-paper:#fcebe9;--info-paper:#e9effb;color-scheme:light`;
const DARK = `--paper:#101317;--raised:#191d23;--ink:#e8ebef;--soft:#a0abb9;--line:#2b323c;--accent:#8fb4ff;--bar:#5d8cf0;--good:#7fd0a1;--warn:#f0bf63;--warn-paper:#2d2412;--bad:#ff9d94;--bad-paper:#341917;--info-paper:#182338;color-scheme:dark`;

/** The whole style of the page. It asks for nothing: the fonts are the reader's own. */
export function writeStyle(colorScheme: NonNullable<VisualizationConfig['colorScheme']>): string {
  const palette = {
    default: `:root{${LIGHT}}@media(prefers-color-scheme:dark){:root{${DARK}}}`,
    light: `:root{${LIGHT}}`,
    dark: `:root{${DARK}}`,
  };
  return `${palette[colorScheme]}${BODY}${PARTS}${TABLES}${CHART}@media print{:root{${LIGHT}}body{font-size:10pt}main,header,footer{max-width:none}details:not([open])>*{display:none}section{break-inside:avoid-page}.scroll{overflow:visible}}`;
}

const BODY = `*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;background:var(--paper)}
body{margin:0;color:var(--ink);background:var(--paper);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:67rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3.5rem}
h1,h2,h3,p,ul,ol,dl,dd,figure{margin:0;padding:0}
code{font-family:ui-monospace,"SF Mono",SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.9em;font-variant-ligatures:none}
.name{overflow-wrap:anywhere;unicode-bidi:isolate}
a{color:var(--accent)}
section{margin-top:3.25rem}
h2{font-size:1.0625rem;font-weight:650;letter-spacing:-.005em;padding-top:1rem;border-top:1px solid var(--line)}
h2+p,h2+.note{margin-top:.25rem}
h3{font-size:.9375rem;font-weight:600;margin:1.5rem 0 .25rem}
.note{color:var(--soft);font-size:.9375rem;max-width:46rem}
.rest{color:var(--soft);font-size:.9375rem;padding:.6rem 0}
summary{cursor:pointer;color:var(--accent);font-size:.875rem;padding:.25rem 0;width:max-content}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
footer{margin-top:4rem;padding-top:1rem;padding-bottom:3rem;color:var(--soft);font-size:.875rem}
`;

const PARTS = `h1{font-size:1rem;font-weight:600;color:var(--soft);line-height:1.5}
h1 .arrow{padding:0 .4em;color:var(--soft)}
.verdict{margin-top:.75rem;font-size:clamp(1.375rem,1rem + 1.6vw,2rem);line-height:1.28;font-weight:620;letter-spacing:-.018em;max-width:54rem;text-wrap:balance;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1.75rem 2rem;margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid var(--line)}
.figures dt{color:var(--soft);font-size:.8125rem}
.figures dd{font-size:1.625rem;line-height:1.3;font-weight:600;letter-spacing:-.02em}
.figures dd.remark{color:var(--soft);font-size:.8125rem;font-weight:400;letter-spacing:0;line-height:1.4}
.figures .alarm{color:var(--bad)}
.insights{list-style:none;margin-top:1rem;display:grid;gap:1.25rem}
.insights li{display:grid;grid-template-columns:5.75rem minmax(0,1fr);column-gap:1rem;align-items:baseline}
.insights h3{margin:0;font-size:1rem}
.insights p{max-width:44rem;overflow-wrap:anywhere}
.insights .sure{color:var(--soft);font-weight:400;font-size:.875rem}
.severity{justify-self:start;font-size:.8125rem;font-weight:600;padding:.05rem .55rem;border-radius:1rem}
.severity.info{color:var(--accent);background:var(--info-paper)}
.severity.warning{color:var(--warn);background:var(--warn-paper)}
.severity.critical{color:var(--bad);background:var(--bad-paper)}
.evidence{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.1rem 1rem;font-size:.875rem;padding:.25rem 0}
.evidence dt{color:var(--soft)}
.evidence dd{overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 3rem}
.explain{display:grid;gap:1rem;margin-top:1rem;max-width:46rem}
.explain dt{font-weight:600}
.explain code{background:var(--raised);padding:.1rem .35rem;border-radius:.25rem}
@media(max-width:36rem){header,main,footer{padding-left:1rem;padding-right:1rem}header{padding-top:2rem}.insights li{grid-template-columns:1fr}}
`;

const TABLES = `.scroll{overflow-x:auto;margin-top:.75rem}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.45}
caption{text-align:left;color:var(--soft);padding:0 0 .5rem}
th,td{text-align:left;vertical-align:baseline;padding:.42rem .75rem .42rem 0;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:500;font-size:.8125rem;white-space:nowrap;border-bottom-color:var(--soft)}
tbody th{font-weight:400;min-width:14rem}
tbody tr:hover{background:var(--raised)}
.number{text-align:right;white-space:nowrap;padding-left:.75rem;padding-right:1rem}
.spark{width:6.5rem;padding-right:0;vertical-align:middle}
.spark svg{display:block;width:6rem;height:.5rem}
.spark rect{fill:var(--bar)}
.shape{white-space:nowrap;color:var(--soft)}
.sign{color:var(--soft);width:1.25rem;padding-right:.25rem}
.flag{color:var(--bad);white-space:nowrap}
.error{color:var(--bad);overflow-wrap:anywhere}
`;

const CHART = `figure{margin-top:1rem}
.chart{display:block;width:100%;height:auto;font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.chart text{fill:var(--soft)}
.chart .tick line{stroke:var(--line);stroke-width:1}
.chart .bar{fill:var(--bar)}
.chart .bar:hover{fill:var(--accent)}
.chart .group{font-family:ui-monospace,Menlo,Consolas,monospace}
`;
