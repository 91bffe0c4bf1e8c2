import test from 'ava';
import { describeResized } from '../../src/analysis/resized.ts';
import { describeNameChange } from '../../src/names/name-change.ts';
import { analyze } from '../../src/analysis/analyze.ts';
import type { DiffSummary } from '../../src/comparison/summary.ts';
import { buildComparison, llama, type Sketch } from './build.ts';

function verdict(sketches: readonly Sketch[], extra: Partial<DiffSummary> = {}, withRounding = false): string {
  return analyze(buildComparison(sketches, extra, withRounding)).summary.verdict;
}

const sizeOf = ({ shape = [] }: Sketch): number => shape.reduce((product, size) => product * size, 1);
/** A model of which the new side lacks every tensor from this one on. */
const cut = (from: number, change: number): Sketch[] =>
  llama(4, () => change).map((sketch, row) => (row < from ? sketch : { ...sketch, type: 'removed' }));

test('a change of everything says its size, and no word of training', (t) => {
  t.is(verdict(llama(6, () => 0.012)), 'Every matrix changed by about the same share: 1.2%; norms by 1.2%.');
  t.is(
    verdict(llama(6, (name) => (name.includes('norm') ? 1e-4 : name.includes('mlp') ? 0.014 : 0.011))),
    'Every matrix changed by about the same share: 1.2%; the norms hardly moved (0.01%).',
  );
});

test('groups that changed very unequally are told with their sizes, and a slope over depth with its ends', (t) => {
  t.is(
    verdict(llama(6, (name) => (name.includes('self_attn') ? 0.05 : 0.01))),
    'Attention changed by 5% and MLPs, embeddings and the head by 1%.',
  );
  const slope = (name: string, block: number | null): number =>
    block === null || name.includes('norm') ? 0 : 0.002 * 30 ** (block / 7);
  t.regex(verdict(llama(8, slope)), /last|later/);
  t.regex(verdict(llama(8, slope)), /0\.2% .*6%/);
});

test('identical is said only of both sides as a whole', (t) => {
  t.is(verdict(llama(2, () => 0)), 'Identical: all 21 tensors are equal in every value.');
  t.is(verdict([{ name: 'a.weight' }]), 'Identical: the one tensor is equal in every value.');
  t.is(verdict(llama(2, () => 0, { dtype: 'bf16', newDtype: 'f32' })), 'Same values, stored as f32 instead of bf16.');
  t.is(
    verdict([...llama(2, () => 0), { name: 'extra.weight', type: 'added', shape: [2] }]),
    'All 21 common tensors are identical. 1 tensor was added (extra.weight).',
  );
  const left = { name: 'adapter.bin', kind: 'file', role: 'weights', oldBytes: 3, newBytes: null, same: null } as const;
  t.is(
    verdict(
      llama(2, () => 0),
      { leftOut: [left] },
    ),
    'Everything compared is identical (21 tensors). Not compared: adapter.bin.',
  );
  t.regex(
    verdict(
      llama(2, () => 0),
      { leftOut: [{ ...left, newBytes: 3, same: true }] },
    ),
    /^Identical: all/,
  );
  t.regex(
    verdict(
      llama(2, () => 0),
      { leftOut: [{ ...left, role: 'state' }] },
    ),
    /^Identical: all/,
  );
  for (const sketches of [
    [...llama(2, () => 0), { name: 'x.weight', error: 'bad' }],
    [...llama(2, () => 0), { name: 'x.weight', type: 'removed' as const }],
    [...llama(2, () => 0), { name: 'x.weight', newShape: [2, 2] }],
  ])
    t.notRegex(verdict(sketches), /^Identical/);
});

test('below 90% of the elements the coverage comes first, below half of them nothing is said of the model', (t) => {
  t.is(
    verdict(cut(26, 0.02)),
    'Only 26 of 39 tensors (65% of the elements) could be compared: the others are in the old checkpoint alone. Every matrix changed by about the same share: 2%; norms by 2%.',
  );
  t.is(
    verdict(cut(4, 0)),
    'Only 4 of 39 tensors (24% of the elements) could be compared: the others are in the old checkpoint alone; they are identical, and nothing can be said of the rest.',
  );
  t.regex(verdict(cut(1, 0)), /; it is identical, and nothing can be said of the rest\.$/);
  t.regex(verdict(cut(4, 0.02)), /; they changed, and nothing can be said of the rest\.$/);
  const small = llama(4, () => 0.02).map((sketch) =>
    /layers\.3\.mlp\.down/.test(sketch.name) ? { ...sketch, type: 'removed' as const } : sketch,
  );
  t.notRegex(verdict(small), /could be compared/, '97% is enough');
  t.regex(verdict(small), /1 tensor was removed \(model\.layers\.3\.mlp\.down_proj\.weight\)\.$/);
});

test('nothing in common, nothing that can be compared, nothing at all', (t) => {
  t.is(
    verdict([
      { name: 'a.weight', type: 'removed' },
      { name: 'b.weight', type: 'added' },
      { name: 'c.weight', type: 'added' },
    ]),
    'Nothing in common: no name of the old checkpoint (1 tensor) is one of the new (2 tensors).',
  );
  t.is(verdict([{ name: 'a.weight', newShape: [3, 3] }]), 'Nothing could be compared: of 1 common tensor, 1 with another shape.');
  t.is(verdict([{ name: 'a.weight', error: 'bad' }]), 'Nothing could be compared: of 1 common tensor, 1 that could not be read.');
  t.is(verdict([]), 'Nothing to compare: neither checkpoint holds a tensor.');
  const { summary, pattern } = analyze(buildComparison([{ name: 'a.weight', type: 'removed' }]));
  t.is(summary.band, null);
  t.is(pattern, null);
});

test('below half of the elements nothing is said of the model', (t) => {
  const sketches = llama(4, () => 0.5);
  const unread = (every: number): Sketch[] =>
    sketches.map((sketch, at) => (at % every === 0 ? sketch : { ...sketch, error: 'bad' }));
  const whole = analyze(buildComparison(sketches));
  t.is(whole.summary.band, 'heavy');
  t.true(whole.insights.some(({ code }) => code === 'size'));
  const { summary, pattern, insights } = analyze(buildComparison(unread(3)));
  t.regex(summary.verdict, /^Only 13 of 39 tensors \(38% of the elements\) could be compared/);
  t.is(summary.band, null);
  t.is(pattern, null);
  t.deepEqual(
    insights.map(({ code }) => code),
    ['tensors_failed'],
  );
});

test('NaN comes first, whatever else there is to say', (t) => {
  const sketches = llama(4, () => 0.02).map((sketch) =>
    /layers\.[23]\.mlp\.down/.test(sketch.name) ? { ...sketch, nanNew: 7 } : sketch,
  );
  t.regex(
    verdict(sketches),
    /^Broken: 2 of 39 tensors contain NaN \(down_proj in blocks 2 and 3\)\. .*by( about the same share:)? 2%/,
  );
});

test('where half of the elements are lost, nothing else is claimed or denied', (t) => {
  for (const share of [1, 0.9]) {
    const lost = llama(4, () => (share === 1 ? 0 : 0.5)).map((sketch) => ({
      ...sketch,
      type: 'modified' as const,
      nanNew: share * sizeOf(sketch),
    }));
    t.is(verdict(lost), 'Broken: 39 of 39 tensors contain NaN.');
    t.is(analyze(buildComparison(lost)).pattern === null, share === 1);
  }
});

test('failures, another architecture and the configuration come last', (t) => {
  const sketches: Sketch[] = [
    ...llama(4, () => 0.02),
    { name: 'x.weight', shape: [2, 2], error: 'bad' },
    { name: 'y.weight', shape: [2, 2], type: 'removed' },
    { name: 'z.weight', shape: [2, 3], newShape: [2, 2] },
  ];
  t.is(
    verdict(sketches, { configChanges: [{ key: 'rope_theta', old: 1, new: 2 }] }),
    'Every matrix changed by about the same share: 2%; norms by 2%. 1 tensor was removed (y.weight) and 1 was reshaped (z.weight). 1 tensor could not be compared. The configuration differs (rope_theta).',
  );
});

test('rounding is told apart from what was left out of the update', (t) => {
  const bf16 = (changedShare: number): string =>
    verdict(
      llama(4, () => 7e-4, { dtype: 'bf16', changedShare, expectedChanged: 0.21, updateSize: 7e-4 }),
      {},
      true,
    );
  t.regex(bf16(0.2), /; 80% of the elements kept their value, as rounding to bf16 alone explains\.$/);
  t.notRegex(bf16(0.02), /explains|mask/);
});

test('what changed is a set, and the rest a clause; what did not, where everything else did', (t) => {
  t.is(
    verdict(llama(8, (name) => (name.includes('self_attn') ? 0.05 : 0))),
    'Only attention changed, in all 8 blocks, by 5%. All else is bit-identical.',
  );
  t.is(
    verdict(llama(4, (name) => (name.includes('norm') ? 0.01 : 0))),
    'Only the norms changed, by 1%. All else is bit-identical.',
  );
  t.regex(
    verdict(llama(4, (name) => (name.includes('layers.3.input') ? 0 : 0.02))),
    /^Every matrix changed .* input_layernorm in block 3 is bit-identical\.$/,
  );
});

test('a module of which weight and bias gained rows is named once', (t) => {
  const one = { oldRows: 10, newRows: 37, commonRows: 10, identical: false, relativeChange: null };
  const tables = ['classifier.weight', 'classifier.bias'].map((name) => ({ name, ...one }) as never);
  t.deepEqual(describeResized(tables), ['classifier gained 27 rows (10 to 37); the 10 common rows changed']);
});

test('what was done to names is no word of what they match', (t) => {
  const say = (kind: 'prefix' | 'rename' | 'strip'): string =>
    describeNameChange({ side: 'old', kind, rule: 'model.', tensors: 56 });
  t.is(say('prefix'), '56 old names read without the prefix model.');
  t.is(say('strip'), '56 old names read without model.');
  t.is(say('rename'), '56 old names renamed by model.');
});
