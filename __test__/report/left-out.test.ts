import test from 'ava';
import { readStatic } from './page-data.ts';
import { Checkpoint, compare, Comparison, parseReport, renderReport, type Finding, type LeftOutDifference } from 'model-diff';
import { decideStatus } from '../../src/cli/exit.ts';

const make = (values: readonly number[]): Checkpoint =>
  Checkpoint.fromTensors({ a: { data: Float32Array.from(values), shape: [values.length] } });

const WEIGHTS = { kind: 'file', role: 'weights', oldBytes: 2000, newBytes: 2000, same: true } as const;
const STATE = { kind: 'file', role: 'state', oldBytes: 10, newBytes: 12, same: null } as const;
const SAME: LeftOutDifference = { ...WEIGHTS, name: 'consolidated.safetensors' };
const OTHER: LeftOutDifference = { ...WEIGHTS, name: 'pytorch_model.bin', newBytes: 3000, same: false };
const ONE_SIDED: LeftOutDifference = { ...WEIGHTS, kind: 'mapping', name: 'ema', oldBytes: null, same: null };
const STATES: readonly LeftOutDifference[] = ['optimizer.pt', 'scheduler.pt'].map((name) => ({ ...STATE, name }));

const finding = (code: string, severity: Finding['severity'], message: string): Finding => ({
  code,
  severity,
  message,
  path: 'model.pt',
  offset: null,
});

async function build(
  leftOut: readonly LeftOutDifference[],
  findings: readonly Finding[] = [],
  onNew = findings,
): Promise<Comparison> {
  const base = await compare(make([1, 2]), make([1, 2]), { provenance: false });
  return Comparison.from({
    columns: base.columns,
    summary: { ...base.summary, leftOut },
    old: { ...base.old, findings },
    new: { ...base.new, findings: onNew },
    options: base.options,
    provenance: null,
  });
}

test('left-out weights that differ or are on one side only keep two checkpoints from being identical; nothing else does', async (t) => {
  const facts = { isTrouble: false, isBroken: false, asksForEquality: true };
  for (const [leftOut, isIdentical] of [
    [[], true],
    [[SAME], true],
    [STATES, true],
    [[SAME, ...STATES], true],
    [[OTHER], false],
    [[ONE_SIDED], false],
    [[{ ...ONE_SIDED, oldBytes: 5, newBytes: null }], false],
    [[SAME, OTHER, ...STATES], false],
  ] as const) {
    const comparison = await build(leftOut);
    const names = leftOut.map(({ name }) => name).join();
    t.is(comparison.isIdentical, isIdentical, names);
    t.is(decideStatus(comparison, facts), isIdentical ? 0 : 1, names);
    t.is(decideStatus(comparison, { ...facts, asksForEquality: false }), 0, names);
    t.is(decideStatus(comparison, { ...facts, isTrouble: true }), 2, names);
    t.is(parseReport(renderReport(comparison, { format: 'json' })).isIdentical, isIdentical, names);
  }
});

test('reports name what was not compared: what could be weights first, states on one line', async (t) => {
  const comparison = await build([SAME, ONE_SIDED, ...STATES, OTHER]);
  const text = renderReport(comparison, { format: 'text' });
  const section = text.slice(text.indexOf('not compared:')).split('\n').slice(0, 5);
  t.deepEqual(section, [
    'not compared: 3 possible sets of weights, 2 states of training',
    '  ! ema  mapping  2 kB  only in the new checkpoint',
    '  ! pytorch_model.bin  2 kB→3 kB  differs',
    '  = consolidated.safetensors  2 kB  same bytes on both sides',
    '    state of training: optimizer.pt and scheduler.pt',
  ]);
  const markdown = renderReport(comparison, { format: 'markdown' });
  t.true(
    markdown.includes(
      '## Not compared: 3 possible sets of weights, 2 states of training\n\n- **warning** `ema`: mapping, 2 kB, only',
    ),
  );
  t.true(
    markdown.includes('- `consolidated.safetensors`: 2 kB, same bytes on both sides\n- state of training: `optimizer.pt` and'),
  );
  const page = renderReport(comparison, { format: 'html' });
  t.true(page.includes('<h2>Not compared: 3 possible sets of weights, 2 states of training</h2>'));
  t.regex(
    page,
    /ema<\/code> <span class="shape">mapping<\/span><\/th><td class="number">2 kB<\/td><td><span class="severity warning">/,
  );
  const nothing = await build([]);
  for (const format of ['text', 'markdown', 'html'] as const)
    t.notRegex(readStatic(renderReport(nothing, { format })), /not compared|in the files/i, format);
});

test('long lists of what was not compared are counted', async (t) => {
  const many = Array.from({ length: 60 }, (_, at): LeftOutDifference => ({ ...OTHER, name: `model-${at}.bin` }));
  const states = Array.from({ length: 60 }, (_, at): LeftOutDifference => ({ ...STATE, name: `rng_${at}.pth` }));
  const comparison = await build([...many, ...states]);
  const text = renderReport(comparison, { format: 'text', maxLayersDisplay: 5 });
  t.regex(text, /^not shown: 55 sets of weights/mu);
  t.regex(text, /state of training: rng_0\.pth, .* and 54 more/s);
  for (const format of ['html', 'markdown'] as const) t.regex(renderReport(comparison, { format }), /… and \d+ more/);
});

test('reports tell findings of both sides: warnings, and what was chosen; the rest stands in the JSON', async (t) => {
  const chosen = finding('MappingChosen', 'info', 'the mapping model is read, not ema');
  const info = finding('SharedTensors', 'info', 'two tensors share their bytes');
  const warning = finding('ZipNameMismatch', 'warning', 'two names for one record');
  const critical = finding('GlobalDangerous', 'critical', 'os.system is called');
  const comparison = await build([], [chosen, info, warning], [info, warning, critical]);
  const text = renderReport(comparison, { format: 'text' });
  const lines = text.split('\n');
  t.is(lines[2], 'old: the mapping model is read, not ema', 'below the verdict');
  const at = lines.indexOf('findings');
  t.deepEqual(lines.slice(at + 1, at + 3), [
    '  critical new: os.system is called (model.pt) [GlobalDangerous]',
    '  warning  both: two names for one record (model.pt) [ZipNameMismatch]',
  ]);
  t.false(text.includes('share their bytes'));
  for (const format of ['markdown', 'html'] as const) {
    const report = renderReport(comparison, { format });
    t.regex(report, /os\.system is called/);
    t.regex(report, /old: the mapping model is read, not ema/);
    t.false(report.includes('share their bytes'));
  }
  const saved = JSON.parse(renderReport(comparison, { format: 'json' })) as {
    old: { findings: unknown[] };
    new: { findings: unknown[] };
  };
  t.deepEqual([saved.old.findings.length, saved.new.findings.length], [3, 3]);
});

test('names of what was left out are escaped', async (t) => {
  const name = '</script><img src=x>\u001b[2J`|\n';
  const comparison = await build(
    [
      { ...OTHER, name },
      { ...STATE, name },
    ],
    [finding('MappingChosen', 'info', name), finding('Odd', 'warning', name)],
  );
  for (const format of ['text', 'markdown', 'html'] as const) {
    const report = renderReport(comparison, { format });
    t.notRegex(report, /[\0-\x08\x0b-\x1f\x7f]/, format);
    if (format === 'html') t.false(report.includes('<img'));
  }
});
