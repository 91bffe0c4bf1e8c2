import test from 'ava';
import { Comparison } from '../../src/comparison/comparison.ts';
import { probesFor, QUESTIONS, type Question } from '../../src/compare/probes.ts';
import type { PartialRow } from '../../src/comparison/from-rows.ts';

const ELEMENTS = 1_000_000;

/** A matrix of a million elements that a dense update changed by 2%. */
function sketch(
  change: Partial<PartialRow> & { readonly from?: string; readonly to?: string; readonly largest?: number } = {},
): PartialRow {
  const { from = 'bf16', to = from, largest = 0.1, ...fields } = change;
  const info = (dtype: string, max: number): NonNullable<PartialRow['oldInfo']> => ({
    name: 'w',
    shape: [1000, 1000],
    dtype,
    numElements: ELEMENTS,
    sizeBytes: 2 * ELEMENTS,
    mean: 0,
    std: 0.02,
    min: -0.1,
    max,
    sparsity: 0,
    nanCount: 0,
    infCount: 0,
    error: null,
  });
  const relative = fields.relativeChange ?? 0.02;
  return {
    name: 'layers.0.mlp.up_proj.weight',
    changeType: 'modified',
    relativeChange: relative,
    symmetricChange: relative,
    oldNorm: 20,
    newNorm: 20 * Math.sqrt(1 + relative ** 2),
    l2Diff: 20 * relative,
    l1Diff: 0.798 * 20 * relative * Math.sqrt(ELEMENTS),
    oneMinusCos: relative ** 2 / 2,
    bitChanged: 0.9 * ELEMENTS,
    totalElements: ELEMENTS,
    identical: false,
    dtypeChanged: from !== to,
    zerosOld: 0,
    zerosNew: 0,
    nanOld: 0,
    nanNew: 0,
    infOld: 0,
    infNew: 0,
    oldInfo: info(from, 0.1),
    newInfo: info(to, largest),
    ...fields,
  };
}

function asked(...rows: readonly PartialRow[]): (readonly Question[])[] {
  const { columns } = Comparison.fromRows(rows);
  return Array.from(probesFor(columns), (bits) =>
    (Object.keys(QUESTIONS) as Question[]).filter((question) => (bits & QUESTIONS[question]) !== 0),
  );
}

const CASES: readonly (readonly [string, PartialRow, readonly Question[]])[] = [
  ['a dense update', sketch({ largest: 0.11 }), ['grid']],
  ['nothing', sketch({ changeType: 'unchanged', identical: true, relativeChange: 0 }), []],
  ['added', sketch({ changeType: 'added' }), []],
  ['a change of reinforcement learning in all elements of f32', sketch({ from: 'f32', relativeChange: 5e-4, largest: 0.11 }), []],
  ['f32 to bf16', sketch({ from: 'f32', to: 'bf16', relativeChange: 0.00166 }), ['cast', 'grid']],
  ['f32 to bf16 and trained', sketch({ from: 'f32', to: 'bf16', relativeChange: 0.3, largest: 0.2 }), ['grid']],
  ['bf16 to the codes of an 8-bit float', sketch({ to: 'f8_e4m3fn', relativeChange: 2000 }), []],
  [
    'rounded to bf16 but stored in f32',
    sketch({ from: 'f32', relativeChange: 0.00166, l1Diff: 0.7 * 20 * 0.00166 * 1000 }),
    ['cast', 'grid'],
  ],
  ['integers', sketch({ from: 'i32' }), []],
  ['bf16 beside a quantised form', sketch({ to: 'q4_k', relativeChange: 0.07 }), ['nearest']],
  ['a quantised form beside bf16', sketch({ from: 'gptq int4 g128', to: 'bf16', relativeChange: 0.1 }), ['nearest']],
  ['two quantised forms', sketch({ from: 'q8_0', to: 'q4_k', relativeChange: 0.07 }), []],
  ['few elements', sketch({ bitChanged: 1000, relativeChange: 5e-4, largest: 0.11 }), ['rows']],
  ['an embedding', sketch({ name: 'model.embed_tokens.weight', largest: 0.11 }), ['rows', 'grid']],
  ['pruned', sketch({ zerosNew: ELEMENTS / 2, relativeChange: 0.2 }), ['zeros', 'grid']],
  ['pruned before', sketch({ zerosOld: ELEMENTS / 2, zerosNew: ELEMENTS / 2, largest: 0.11 }), ['zeros', 'grid']],
  ['another order', sketch({ relativeChange: 1.41, newNorm: 20 }), ['order']],
  ['another order of a few rows', sketch({ relativeChange: 0.03, newNorm: 20 }), ['grid', 'order']],
];

for (const [what, row, questions] of CASES) {
  test(`${what}: asked ${questions.join(', ') || 'nothing'}`, (t) => {
    t.deepEqual(asked(row), [questions]);
  });
}

test('zeros and rows share a budget, and the smallest changes come first', (t) => {
  const info = sketch().oldInfo;
  const large = (name: string, changed: number): PartialRow =>
    sketch({
      name,
      bitChanged: changed,
      relativeChange: 5e-4,
      largest: 0.11,
      ...(info && { oldInfo: { ...info, sizeBytes: 2 ** 30 } }),
    });
  const rows = Array.from({ length: 30 }, (_, at) =>
    large(`layers.${String(at).padStart(2, '0')}.mlp.up_proj.weight`, 1000 * (30 - at)),
  );
  const found = asked(...rows).map((questions) => questions.includes('rows'));
  t.is(found.filter(Boolean).length, 3);
  t.deepEqual(found.slice(-3), [true, true, true]);
});

test('of very many matrices some are sampled', (t) => {
  const rows = Array.from({ length: 3000 }, (_, at) => sketch({ name: `layers.${at}.mlp.up_proj.weight`, largest: 0.11 }));
  const found = asked(...rows).filter((questions) => questions.includes('grid'));
  t.true(found.length === 1024);
});
