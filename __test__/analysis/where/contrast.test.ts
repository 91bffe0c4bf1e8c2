import test from 'ava';
import { describeDepth } from '../../../src/analysis/where/depth-words.ts';
import { findContrasts, type Contrast } from '../../../src/analysis/where/contrast.ts';
import type { SizedRow } from '../../../src/analysis/where/sizes.ts';
import { MODELS } from './models.ts';

/** Matrices of a model, all of the same size, with the change that `sizeOf` gives; NaN for what cannot be measured. */
function measure(model: keyof typeof MODELS, sizeOf: (name: string, depth: number) => number, weight = 1): SizedRow[] {
  return MODELS[model]
    .filter(({ class: { type, kind } }) => type !== 'norm' && kind === 'weight')
    .map((row) => ({ row, change: sizeOf(row.name, row.class.depth ?? 0), size: Math.sqrt(weight) }))
    .map(({ row, change, size }) => ({ ...row, length: change * size, size, energy: change ** 2 * weight, weight }));
}

function by(contrasts: readonly Contrast[], wanted: Contrast['by']): Contrast | undefined {
  return contrasts.find((contrast) => contrast.by === wanted);
}

test('types that differ by three times or more, with their numbers', (t) => {
  const rows = measure('mixtral', (name) => (/moe\.gate/.test(name) ? 0.2 : /experts/.test(name) ? 0.02 : 0.0008));
  const found = by(findContrasts(rows), 'type');
  t.is(
    found?.text,
    'Routers changed by 20%, experts by 2% and head, attention and embeddings by 0.08%'.replace(
      'head, attention and embeddings',
      'attention, embeddings and the head',
    ),
  );
  t.deepEqual(
    found?.groups.map(({ name }) => name),
    ['routers', 'experts', 'attention', 'embeddings', 'the head'],
  );
  const total = found?.groups.reduce((sum, { share }) => sum + (share ?? 0), 0) ?? 0;
  t.true(Math.abs(total - 1) < 1e-12, 'shares add up to all');
  t.true((found?.groups[1]?.share ?? 0) > 0.19, 'the share of the experts is told beside their small ratio');
});

test('alike is no contrast', (t) => {
  t.deepEqual(findContrasts(measure('llama', (name) => (/mlp/.test(name) ? 0.02 : 0.01))), []);
});

test('no ratio over what is zero, absent or not finite', (t) => {
  t.deepEqual(findContrasts(measure('llama', (name) => (/self_attn/.test(name) ? 0.02 : 0))), [], 'nothing else changed');
  t.deepEqual(findContrasts(measure('llama', () => 0)), []);
  t.deepEqual(findContrasts([]), []);
  t.deepEqual(findContrasts(measure('llama', () => 0, 0)), [], 'no weight at all');
  const rows = measure('mixtral', (name) => (/moe\.gate/.test(name) ? Number.NaN : /experts/.test(name) ? 0.02 : 0.001));
  const found = by(findContrasts(rows), 'type');
  t.is(found?.text, 'Experts changed by 2% and attention, embeddings and the head by 0.1%');
  const routers = found?.groups.find(({ name }) => name === 'routers');
  t.is(routers?.change, null, 'what is NaN alone has no size, and never 0%');
  t.is(routers?.fold, null);
  t.is(found?.groups.at(-1), routers);
});

test('tensors of no known type have names', (t) => {
  const rows = measure('llama', () => 0.02);
  const other = rows.slice(0, 2).map((row, at) => ({
    ...row,
    ...{ name: `stage.${at}.thing`, class: { ...row.class, type: 'other', role: null }, change: 0.2, length: 0.2, energy: 0.04 },
  }));
  t.regex(by(findContrasts([...rows, ...other.slice(0, 1)]), 'type')?.text ?? '', /^Stage\.0\.thing changed by 20% and /i);
  t.regex(by(findContrasts([...rows, ...other]), 'type')?.text ?? '', /^Other weights changed by 20% and /);
});

test('parts of a model, roles and experts', (t) => {
  const towers = by(findContrasts(measure('llava', (name) => (name.startsWith('vision') ? 0.001 : 0.02))), 'tower');
  t.is(towers?.text, 'The language model and the rest of the model changed by 2% and the vision tower by 0.1%');
  const roles = by(findContrasts(measure('llama', (name) => (/[qv]_proj/.test(name) ? 0.1 : 0.01))), 'role');
  t.regex(roles?.text ?? '', /^q_proj and v_proj changed by 10% and /);
  const experts = by(findContrasts(measure('mixtral', (name) => (/experts\.3\./.test(name) ? 0.1 : 0.01))), 'expert');
  t.is(experts?.text, 'Expert 3 changed by 10% and 7 experts by 1%');
});

test('the order of the rows does not matter', (t) => {
  const rows = measure('mixtral', (name, depth) => (/moe\.gate/.test(name) ? 0.2 : 0.01 + depth / 300));
  t.deepEqual(findContrasts([...rows].reverse()), findContrasts(rows));
  t.deepEqual(describeDepth([...rows].reverse()), describeDepth(rows));
});

test('change by depth', (t) => {
  const text = (sizeOf: (depth: number) => number): string | undefined =>
    describeDepth(measure('deep', (_, depth) => sizeOf(depth)).filter((row) => row.class.stack !== null))[0]?.text;
  t.is(
    text((depth) => 0.002 * 1.11 ** depth),
    'the last blocks most: 0.2% to 5.1%',
  );
  t.is(
    text((depth) => 0.05 / 1.11 ** depth),
    'the first blocks most: 5% to 0.2%',
  );
  t.is(
    text(() => 0.02),
    'all alike: 2%',
  );
  t.is(
    text((depth) => (depth === 7 ? 0.12 : 0.005 + depth / 20_000)),
    'block 7 most: 12%, the others 0.5% to 0.66%',
  );
  t.is(
    text((depth) => (depth % 2 === 0 ? 0.01 : 0.02)),
    'unevenly: 1% (block 30) to 2% (block 1)',
  );
  t.is(
    text((depth) => (depth < 2 ? 0.02 : 0)),
    undefined,
    'of two blocks nothing is said',
  );
  t.is(
    text((depth) => (depth === 3 ? Number.NaN : 0.02)),
    'all alike: 2%',
  );
});
