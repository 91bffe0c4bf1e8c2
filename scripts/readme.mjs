/**
 * Fills in what README.md shows of real output and of the newest benchmark record: `node scripts/readme.mjs`.
 * With `--check` it only says whether the page is up to date.
 */
import { execSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/host.mjs';

const path = join(root, 'README.md');
const page = readFileSync(path, 'utf8');

function renderRecord() {
  const folder = join(root, 'benches/record');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  const records = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  const record = records
    .filter(({ benches }) => benches.whole !== undefined)
    .toSorted((a, b) => (a.date < b.date ? -1 : 1))
    .at(-1);
  if (record === undefined) return '';
  const { cpu, cores, node } = record.machine;
  const rows = Object.entries(record.benches.whole.results).map(
    ([name, { seconds, gb_per_second: speed, peak_bytes: peak, times_model_diff: times }]) =>
      `| ${name} | ${seconds.median.toFixed(2)} s | ${speed.median.toFixed(1)} GB/s | ${Math.round(peak.median / 1e6)} MB | ${times.median.toFixed(1)} |`,
  );
  return [
    `Two bf16 checkpoints of 1 GB each, page cache warm, all metrics, ${cores} cores of ${cpu}, Node ${node} (medians of ${record.benches.whole.rounds} rounds, ${record.date.slice(0, 10)}):`,
    '',
    '| | time | both files | peak memory | times model-diff |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

const filled = page
  .replace(/(<!-- output: (.*?) -->\n```\n)[^]*?(```\n<!-- \/output -->)/gu, (_, before, command, after) => {
    const env = { ...process.env, NO_COLOR: '1', CI: '1' };
    return before + execSync(command, { cwd: root, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }) + after;
  })
  .replace(/(<!-- record -->\n)[^]*?(<!-- \/record -->)/u, (_, before, after) => {
    const text = renderRecord();
    return before + (text === '' ? '' : `${text}\n`) + after;
  });

if (process.argv.includes('--check')) {
  if (filled !== page) {
    process.stderr.write('README.md is not up to date: run node scripts/readme.mjs\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, filled);
}
