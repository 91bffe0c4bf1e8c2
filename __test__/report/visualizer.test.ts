import test from 'ava';
import { ModelDiffError } from '../../src/errors.ts';
import { createDiffReport, DiffVisualizer, REPORT_FORMATS, type ReportFormat } from '../../src/report/visualizer.ts';
import type { VisualizationConfig } from '../../src/report/options.ts';
import { buildModel } from './build.ts';

const { diffs, summary, analysis } = buildModel();

test('five formats, each of its kind', (t) => {
  const starts: Readonly<Record<ReportFormat, string>> = {
    html: '<!doctype html>',
    json: '{\n  "$schema"',
    text: 'old  Model A',
    markdown: '# `Model A` → `Model B`',
    csv: 'name,change_type',
  };
  for (const format of REPORT_FORMATS)
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

test('maxLayersDisplay bounds every list; includeRawData adds the columns to the JSON', (t) => {
  t.true(
    createDiffReport(diffs, summary, analysis, { format: 'text', config: { maxLayersDisplay: 3 } }).includes(
      '… and 83 more modified tensors',
    ),
  );
  t.true(
    createDiffReport(diffs, summary, analysis, { format: 'markdown', config: { maxLayersDisplay: 3 } }).includes(
      '… and 83 more modified tensors',
    ),
  );
  t.false(createDiffReport(diffs, summary, analysis, { format: 'json' }).includes('"tensors": {\n'));
  t.true(
    createDiffReport(diffs, summary, analysis, { format: 'json', config: { includeRawData: true } }).includes('"tensors": {\n'),
  );
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
    message: /unknown report format "pdf"/,
  });
});

test('unchanged tensors are listed where the list has them', (t) => {
  const { tensors } = summary;
  const listed = [
    ...diffs,
    { ...diffs[0]!, name: 'model.layers.0.input_layernorm.weight', changeType: 'unchanged' as const, identical: true },
  ];
  for (const format of ['text', 'html', 'markdown'] as const) {
    t.regex(createDiffReport(listed, summary, analysis, { format }), /[Uu]nchanged: 12 tensors/);
    t.notRegex(createDiffReport(diffs, summary, analysis, { format }), /[Uu]nchanged: 12 tensors/);
  }
  t.truthy(tensors);
});
