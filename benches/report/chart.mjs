/** The chart of README.md: how many bytes a second each contestant compares, as bars of one length a GB/s. */
import { limitRate, showRate, showTimes } from './cells.mjs';

const [WIDTH, ROW, TOP, LABEL, VALUE] = [760, 26, 46, 150, 190];

/** Colours that can be read on a light and on a dark page. */
const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .note { font-size: 12px; fill: #59636e }
    .peer { fill: #8c959f } .own { fill: #1a7f37 } .limit { fill: #b6c2cf }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .note { fill: #9198a1 } .peer { fill: #6e7681 } .own { fill: #3fb950 } .limit { fill: #3d444d }
    }`;

/**
 * @param {any} record
 * @returns {string} An SVG image.
 */
export function drawChart(record) {
  const { whole } = record.benches;
  const rows = [
    { name: 'read limit', kind: 'limit', rate: limitRate(whole), times: '' },
    { name: 'model-diff', kind: 'own', rate: whole.model_diff.gb_per_second.median, times: '' },
    ...Object.entries(whole.peers)
      .map(([name, { gb_per_second: rate, times_model_diff: times }]) => ({
        name,
        kind: 'peer',
        rate: rate.median,
        times: `, ${showTimes(times.median)} the time`,
      }))
      .toSorted((a, b) => b.rate - a.rate),
  ];
  const longest = Math.max(...rows.map(({ rate }) => rate));
  const height = TOP + rows.length * ROW + 8;
  const bars = rows.map(({ name, kind, rate, times }, at) => {
    const y = TOP + at * ROW;
    const width = Math.max(1, ((WIDTH - LABEL - VALUE) * rate) / longest);
    return [
      `  <text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${escape(name)}</text>`,
      `  <rect class="${kind}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="2"/>`,
      `  <text x="${(LABEL + width + 8).toFixed(1)}" y="${y + 14}">${showRate(rate)}${times}</text>`,
    ].join('\n');
  });
  const title = `Comparing two bf16 checkpoints of ${(whole.bytes / 2e9).toFixed(1)} GB each, GB of both a second`;
  const { cores, cpu } = record.machine;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
  <style>${STYLE}
  </style>
  <text x="4" y="16">${escape(title)}</text>
  <text class="note" x="4" y="34">page cache warm, ${cores} cores of ${escape(cpu)}, ${record.date.slice(0, 10)}</text>
${bars.join('\n')}
</svg>
`;
}

/** @param {string} text */
function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
