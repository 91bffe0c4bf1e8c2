import test from 'ava';
import { ModelDiffError } from '../../src/errors.ts';
import { createDiffReport, DiffVisualizer } from '../../src/original/diff-visualizer.ts';
import { FORMAT_NAMES, type ReportFormat } from '../../src/report/formats.ts';
import { parseReport } from '../../src/report/json/parse.ts';
import type { VisualizationConfig } from '../../src/report/options.ts';
import { buildModel } from './build.ts';

const { comparison, analysis } = buildModel();
const { diffs, summary } = comparison;

test('every format, each of its kind', (t) => {
  const starts: Readonly<Record<ReportFormat, string>> = {
    html: '<!doctype html>',
    json: '{\n  "$schema"',
    text: 'Model A → Model B   ',
    markdown: '## `Model A` → `Model B`',
    csv: 'name,change_type,block,module,layer_type,role,',
    metrics: '{\n  "change": 0.031,',
    jsonl: '{"type":"comparison","$schema"',
    github: '::notice title=Model A → Model B::',
  };
  for (const format of FORMAT_NAMES)
    t.true(createDiffReport(diffs, summary, analysis, { format }).startsWith(starts[format]), format);
  t.true(createDiffReport(diffs, summary, analysis).startsWith('<!doctype html>'));
});

test('the visualizer gives what createDiffReport gives', (t) => {
  const config = { maxLayersDisplay: 3 };
  const visualizer = new DiffVisualizer(config);
  const options = { oldName: 'a', newName: 'b', config };
  t.is(
    visualizer.createHtmlReport(diffs, summary, analysis, 'a', 'b'),
    createDiffReport(diffs, summary, analysis, { ...options, format: 'html' }),
  );
  t.is(
    visualizer.createJsonReport(diffs, summary, analysis, 'a', 'b'),
    createDiffReport(diffs, summary, analysis, { ...options, format: 'json' }),
  );
  t.is(
    visualizer.createTextReport(diffs, summary, analysis, 'a', 'b'),
    createDiffReport(diffs, summary, analysis, { ...options, format: 'text' }),
  );
  t.true(visualizer.createTextReport(diffs, summary, analysis).includes('Model A'));
});

test('maxLayersDisplay bounds every list; the JSON has every tensor whatever the options', (t) => {
  t.true(createDiffReport(diffs, summary, analysis, { format: 'text', config: { maxLayersDisplay: 3 } }).endsWith('\n83 more\n'));
  t.true(
    createDiffReport(diffs, summary, analysis, { format: 'markdown', config: { maxLayersDisplay: 3 } }).includes(
      '… and 83 more modified tensors',
    ),
  );
  const json = createDiffReport(diffs, summary, analysis, { format: 'json', config: { maxLayersDisplay: 3 } });
  t.is(json, createDiffReport(diffs, summary, analysis, { format: 'json', config: { includeRawData: true } }));
  t.is(parseReport(json).columns.names.length, comparison.columns.names.length);
});

test('what no report can be made with is refused by name', (t) => {
  const bad: readonly (readonly [VisualizationConfig, RegExp])[] = [
    [{ maxLayersDisplay: -1 }, /maxLayersDisplay/],
    [{ maxLayersDisplay: 1.5 }, /maxLayersDisplay/],
    [{ chartWidth: Number.NaN }, /chartWidth/],
    [{ chartHeight: 1e9 }, /chartHeight/],
    [{ colorScheme: 'sepia' as 'dark' }, /colorScheme/],
  ];
  for (const [config, message] of bad) {
    t.throws(() => new DiffVisualizer(config), { instanceOf: ModelDiffError, message });
    t.throws(() => createDiffReport(diffs, summary, analysis, { config }), { instanceOf: ModelDiffError, message });
  }
  t.throws(() => createDiffReport(diffs, summary, analysis, { format: 'pdf' as 'html' }), {
    instanceOf: ModelDiffError,
    message: /format must be .*"csv", "metrics" or "github", not "pdf"/,
  });
});

test('unchanged tensors are listed where the list has them', (t) => {
  const listed = comparison.rows({ unchanged: true });
  for (const format of ['text', 'html', 'markdown'] as const) {
    t.regex(createDiffReport(listed, summary, analysis, { format }), /[Uu]nchanged: 12 tensors/);
    t.notRegex(createDiffReport(diffs, summary, analysis, { format }), /[Uu]nchanged: 12 tensors/);
  }
});
