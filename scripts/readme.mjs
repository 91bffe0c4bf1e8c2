/**
 * Fills in what README.md, docs/benchmarks.md and docs/scale.md show of real output and of the newest benchmark record, what docs/json.md shows of
 * the table of metrics and docs/cli.md of the flags, and draws docs/benchmarks.svg: `node scripts/readme.mjs`. With `--check` it only says whether the pages are up to date.
 */
import { execSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { newestRecord } from '../benches/harness/record.mjs';
import { drawChart } from '../benches/report/chart.mjs';
import { renderSimulation } from '../benches/cluster/simulate.mjs';
import * as parts from '../benches/report/parts.mjs';
import * as whole from '../benches/report/whole.mjs';
import { renderFlags, requireAllFlags } from './lib/flag-tables.mjs';
import { root } from './lib/host.mjs';

/** What stands between `<!-- record: NAME -->` and `<!-- /record -->`. @type {Record<string, (record: any) => string[]>} */
const SECTIONS = {
  summary: whole.renderSummary,
  beside: whole.renderBeside,
  machine: whole.renderMachine,
  targets: whole.renderTargets,
  whole: whole.renderWhole,
  memory: whole.renderMemory,
  scaling: parts.renderScaling,
  kernels: parts.renderKernels,
  quantised: parts.renderQuantised,
  edges: parts.renderEdges,
  cold: parts.renderCold,
  instructions: parts.renderInstructions,
  simulation: renderSimulation,
};

const record = newestRecord();
/** @type {Record<string, Record<string, import('../src/comparison/metrics.ts').MetricEntry>>} */
const metrics = await tsImport('../src/comparison/metrics.ts', import.meta.url).then((module) => ({
  pair: module.PAIR_METRICS,
  side: module.SIDE_METRICS,
  probe: module.PROBE_METRICS,
}));
const { toSnakeCase } = await tsImport('../src/wording/snake-case.ts', import.meta.url);

/** What stands between `<!-- metrics: NAME -->` and `<!-- /metrics -->`. @param {string} name */
function renderMetrics(name) {
  const rows = Object.entries(metrics[name] ?? {}).map(
    ([metric, { unit, description }]) =>
      `| \`${metric}\` | \`${toSnakeCase(metric)}\` | ${UNITS[unit]} | ${description.replaceAll('|', '\\|')} |`,
  );
  return ['| metric | key | unit | meaning |', '| --- | --- | --- | --- |', ...rows];
}

const UNITS = { weight: 'that of the weights', elements: 'elements', rows: 'rows', ratio: 'none' };

/** @param {string} page */
function fill(page) {
  return page
    .replace(/(<!-- output: (.*?) -->\n```\n)[^]*?(```\n<!-- \/output -->)/gu, (_, before, command, after) => {
      const env = { ...process.env, NO_COLOR: '1', CI: '1' };
      return before + execSync(command, { cwd: root, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }) + after;
    })
    .replace(/(<!-- record: (\w+) -->\n)[^]*?(<!-- \/record -->)/gu, (_, before, name, after) => {
      const render = SECTIONS[name];
      if (render === undefined) throw new Error(`there is no section ${name}: ${Object.keys(SECTIONS).join(', ')}`);
      return `${before}${render(record).join('\n')}\n${after}`;
    })
    .replace(
      /(<!-- metrics: (\w+) -->\n)[^]*?(<!-- \/metrics -->)/gu,
      (_, before, name, after) => `${before}${renderMetrics(name).join('\n')}\n${after}`,
    )
    .replace(
      /(<!-- flags: (\w[\w-]*)(?:, (.*?))? -->\n)[^]*?(<!-- \/flags -->)/gu,
      (_, before, command, group, after) => `${before}${renderFlags(command, group).join('\n')}\n${after}`,
    );
}

const wanted = new Map([
  ...['README.md', 'docs/benchmarks.md', 'docs/cli.md', 'docs/json.md', 'docs/scale.md'].map(
    (name) => /** @type {const} */ ([name, fill(readFileSync(join(root, name), 'utf8'))]),
  ),
  /** @type {const} */ (['docs/benchmarks.svg', drawChart(record)]),
]);
requireAllFlags(wanted.get('docs/cli.md') ?? '');
for (const [name, text] of wanted) {
  const path = join(root, name);
  const found = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (found === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${name} is not up to date: run node scripts/readme.mjs\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
  }
}
