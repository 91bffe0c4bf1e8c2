/**
 * What holds of every comparison: it says the same whether it was just made, saved and read, or cloned, in whatever order its tensors are
 * given and whichever of them are listed; and a part of it says what a comparison of that part says.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { analyze, compare, Comparison, DiffAnalyzer, ModelDiffError, parseReport, renderReport } from 'model-diff';
import type { ComparisonData } from 'model-diff';
import { makeRandomComparison, makeRandomRows, shuffle } from './random-comparison.ts';
import { findSchemaErrors } from './schema.ts';

const FORMATS = ['text', 'html', 'markdown', 'csv', 'github', 'json'] as const;

/** The first `t.is` that fails ends a test with what differs, and not with two pages of HTML. */
function isSame(t: ExecutionContext, found: string, expected: string, what: string): void {
  if (found === expected) {
    t.pass();
    return;
  }
  const at = [...expected].findIndex((character, index) => character !== found[index]);
  t.is(found.slice(Math.max(0, at - 60), at + 60), expected.slice(Math.max(0, at - 60), at + 60), what);
}

/** Live, saved and cloned are one. */
function checkForms(t: ExecutionContext, live: Comparison): void {
  const json = renderReport(live, { format: 'json' });
  t.is(findSchemaErrors(JSON.parse(json)), null);
  const saved = parseReport(json);
  const forms: readonly (readonly [string, Comparison | ComparisonData])[] = [
    ['saved', saved],
    ['a clone of the saved', structuredClone(saved)],
    ['a clone', structuredClone(live)],
  ];
  const expected = FORMATS.map((format) => renderReport(live, { format }));
  for (const [form, comparison] of forms) {
    t.deepEqual(analyze(comparison), analyze(live), form);
    for (const [at, format] of FORMATS.entries())
      isSame(t, renderReport(comparison, { format }), expected[at] ?? '', `${form}: ${format}`);
    const { isIdentical, isUnsafe, coverage } = Comparison.from(comparison);
    t.deepEqual([isIdentical, isUnsafe, coverage], [live.isIdentical, live.isUnsafe, live.coverage], form);
  }
}

/** What is listed, and how it is passed on, decides nothing. */
function checkLists(t: ExecutionContext, comparison: Comparison): void {
  const analysis = analyze(comparison);
  const { diffs, summary, options } = comparison;
  const all = comparison.rows({ unchanged: true });
  const analyzer = new DiffAnalyzer();
  for (const [title, list] of [
    ['as listed', diffs],
    ['all', all],
    ['none', []],
    ['shuffled', shuffle(diffs, 1)],
    ['cloned', structuredClone(diffs)],
  ] as const) {
    t.deepEqual(analyzer.analyze(list, summary), analysis, title);
    t.deepEqual(analyzer.analyze(list, structuredClone(summary)), analysis, `${title}, summary cloned`);
  }
  for (const includeUnchanged of [false, true])
    t.deepEqual(analyze(Comparison.from({ ...comparison, options: { ...options, includeUnchanged } })), analysis);
  const pattern = analyzer.detectChangePattern(diffs);
  for (const list of [[...diffs], structuredClone(diffs), shuffle(diffs, 2)]) t.is(analyzer.detectChangePattern(list), pattern);
}

/** A part of a comparison is a comparison of that part. */
function checkPart(t: ExecutionContext, part: Comparison, alone: Comparison, whole: Comparison): void {
  t.deepEqual(part.columns.names, alone.columns.names);
  const analysis = analyze(part);
  t.deepEqual(analysis, analyze(alone));
  t.deepEqual(part.rows({ unchanged: true }), alone.rows({ unchanged: true }));
  checkForms(t, part);
  const kept = part.columns.names;
  const words = JSON.stringify([analysis, part.summary.mostChangedLayers, part.summary.resized ?? []]);
  for (const name of whole.columns.names) {
    const isOther = name.length > 8 && !kept.some((own) => own.includes(name));
    if (isOther) t.false(words.includes(JSON.stringify(name).slice(1, -1)), name);
  }
}

const PATTERNS = ['*.layers.1.*', '*attn*', '*norm*', 'model.embed_tokens.weight', '*', 'nothing'];

const examples = fileURLToPath(new URL('../../examples/tiny-gpt/', import.meta.url));
const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const checkpoints = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'corpus' && !entry.name.startsWith('__'))
  .map(({ name }) => name)
  .sort();

for (const [at, name] of checkpoints.entries()) {
  for (const other of new Set(['base', checkpoints[at + 1] ?? 'base-f32'])) {
    test(`examples: ${other} to ${name}`, async (t) => {
      const comparison = await compare(join(examples, other), join(examples, name), { histogram: true });
      checkForms(t, comparison);
      checkLists(t, comparison);
    });
  }
}

for (const name of ['sft', 'lora-merged', 'diverge-5', 'sft-resized']) {
  test(`examples: parts of base to ${name}`, async (t) => {
    const paths = [join(examples, 'base'), join(examples, name)] as const;
    const whole = await compare(...paths);
    for (const pattern of PATTERNS.filter((glob) => glob !== 'nothing')) {
      const chosen = await compare(...paths, { include: [pattern] });
      // A part tells nothing of the configurations, and its totals are its own.
      const alone = Comparison.from({ ...chosen, summary: { ...chosen.summary, configChanges: [], leftOut: [] } });
      checkPart(t, whole.filter(pattern), alone, whole);
    }
  });
}

/** What a fixture folder has to compare: `old` and `new` of a model, or each file with the one after it. */
function listPairs(folder: string): (readonly [string, string])[] {
  const names = readdirSync(join(fixtures, folder)).filter((name) => !/\.(?:py|json)$/u.test(name));
  return names
    .sort()
    .map((name, at) =>
      existsSync(join(fixtures, folder, name, 'old'))
        ? ([join(name, 'old'), join(name, 'new')] as const)
        : ([name, names[(at + 1) % names.length] ?? name] as const),
    );
}

for (const folder of ['metrics', 'complex', 'huggingface', 'torch', 'numpy', 'hostile']) {
  test(`fixtures: ${folder}`, async (t) => {
    let compared = 0;
    for (const [one, other] of listPairs(folder)) {
      let comparison: Comparison;
      try {
        comparison = await compare(join(fixtures, folder, one), join(fixtures, folder, other));
      } catch (error) {
        t.true(error instanceof ModelDiffError, String(error));
        continue;
      }
      compared += 1;
      checkForms(t, comparison);
      checkLists(t, comparison);
    }
    t.true(compared > 0);
  });
}

for (let seed = 0; seed < 60; seed += 1) {
  test(`random comparison ${seed}`, (t) => {
    const comparison = makeRandomComparison(seed);
    checkForms(t, comparison);
    checkLists(t, comparison);

    const rows = makeRandomRows(seed);
    const whole = Comparison.fromRows(rows);
    t.deepEqual(structuredClone(Comparison.fromRows(shuffle(rows, seed))), structuredClone(whole), 'the order does not matter');
    const again = Comparison.fromRows(shuffle(whole.rows({ unchanged: true }), seed));
    t.deepEqual(analyze(again), analyze(whole), 'rows are the whole comparison');
    for (const pattern of PATTERNS) {
      const part = whole.filter(pattern);
      const kept = new Set(part.columns.names);
      checkPart(t, part, Comparison.fromRows(rows.filter(({ name = '' }) => kept.has(name))), whole);
    }
  });
}
