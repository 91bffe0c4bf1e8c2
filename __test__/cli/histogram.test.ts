/** When the command line counts changes by size, and which formats are written from the counts. */
import test from 'ava';
import { analyze } from '../../src/analysis/analyze.ts';
import type { DiffFlags } from '../../src/cli/flags.ts';
import { chooseReports, needsHistogram } from '../../src/cli/histogram.ts';
import { Comparison } from '../../src/comparison/comparison.ts';
import { FORMAT_NAMES, type ReportFormat } from '../../src/report/formats.ts';
import { prepareReport } from '../../src/report/report.ts';

const FLAGS: DiffFlags = { color: 'never', provenance: true, progress: 'never', autoPrefix: true };

const output = (format: ReportFormat): { path: string; target: string; format: ReportFormat } => ({
  path: 'a',
  target: 'a',
  format,
});

test('changes are counted for a page, on stdout or in a file, and where they are asked for', (t) => {
  t.true(needsHistogram({ ...FLAGS, format: 'html' }, []));
  t.true(needsHistogram(FLAGS, [output('json'), output('html')]));
  t.true(needsHistogram({ ...FLAGS, histogram: true }, []));
  t.false(needsHistogram(FLAGS, []));
  t.false(needsHistogram({ ...FLAGS, json: true }, FORMAT_NAMES.filter((name) => name !== 'html').map(output)));
});

test('JSON alone is written without what a page alone asked for', (t) => {
  const plain = Comparison.fromRows([{ name: 'a' }, { name: 'b' }]);
  const histogram = { firstExponent: -2, bins: 3, counts: new Float64Array(6) };
  const comparison = Comparison.from({ ...plain, columns: { ...plain.columns, histogram } });
  const report = prepareReport(comparison, analyze(comparison));
  const choose = chooseReports(report, FLAGS);
  for (const format of FORMAT_NAMES) {
    const { columns, comparison: written } = choose(format);
    const expected = format === 'json' ? undefined : histogram;
    t.deepEqual(
      [columns.histogram, written.columns.histogram, written.summary.tensors?.histogram],
      Array(3).fill(expected),
      format,
    );
  }
  t.is(chooseReports(report, { ...FLAGS, histogram: true })('json'), report);
});
