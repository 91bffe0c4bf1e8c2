import test from 'ava';
import { gatherTensors } from '../../src/report/html/data/gather.ts';
import type { PageTensors } from '../../src/report/html/data/page-tensors.ts';
import { parseFilter } from '../../src/report/html/view/filter.ts';
import { selectRows } from '../../src/report/html/view/filter-terms.ts';
import { hasTerm, putTerm, quoteValue, splitTerms, takeTerm } from '../../src/report/html/view/terms.ts';
import { buildModel, buildResult, prepare } from './build.ts';

const model = gatherTensors(prepare(buildModel()));

function names(query: string, tensors: PageTensors = model): string[] {
  return selectRows(parseFilter(query, tensors), tensors).map((row) => tensors.names[row] ?? '');
}

test('words, globs and expressions are looked for anywhere in the name', (t) => {
  t.is(names('q_proj').length, 12);
  t.is(names('Q_PROJ').length, 12, 'letters of any size');
  t.is(names('layers.1?.self_attn.[qk]_proj').length, 4);
  t.is(names('layers.1{0,1}.*{q,k}_proj').length, 4);
  t.is(names('/layers\\.(1|2)\\.mlp/').length, 6);
  t.is(names('/^model\\.norm/').length, 1);
  t.is(names('').length, model.count);
  t.is(names('self_attn q_proj 11').length, 1, 'all of them hold');
  t.is(names('q_proj -layers.1').length, 9);
});

test('conditions on what a tensor is', (t) => {
  t.is(names('is:added').length, 1);
  t.is(names('is:identical').length, 12);
  t.is(names('is:changed').length, 86);
  t.is(names('is:matrix').length, 86);
  t.is(names('is:added,removed').length, 2);
  t.is(names('is:converted')[0], 'model.norm.weight');
  t.is(names('dtype:F32').length, 3);
  t.is(names('type:attention,mlp').length, 84);
  t.is(names('block:10-11').length, 16);
  t.is(names('layer:3').length, 8);
  t.is(names('block:none').length, 5);
  t.is(names('module:q_proj').length, 12);
  t.is(names('module=q_proj').length, 0, 'the whole path');
  t.is(names('module=self_attn.q_proj block:2')[0], 'model.layers.2.self_attn.q_proj.weight');
  t.is(names('stack:model.layers').length, 96);
});

test('conditions on numbers, with percent, units and exponents', (t) => {
  t.deepEqual(names('rel>3.5% module:o_proj'), ['model.layers.11.self_attn.o_proj.weight']);
  t.deepEqual(names('rel>0.035 module:o_proj'), names('rel>3.5% module:o_proj'));
  t.deepEqual(names('rel > 3.5% module:o_proj'), names('rel>3.5% module:o_proj'));
  t.deepEqual(names('rel:1e-5-1e-3'), ['model.norm.weight']);
  t.deepEqual(names('rel:0.001%-0.1%'), ['model.norm.weight']);
  t.is(names('rel<=0.4%').length, 14, 'identical ones too');
  t.is(names('elements:30k-40k').length, 1);
  t.is(names('elements=64').length, 13);
});

test('what cannot be understood is said, and left out', (t) => {
  const problem = (query: string): string => parseFilter(query, model).problem;
  t.regex(problem('rle>5%'), /there is no “rle”: is, dtype, /);
  t.regex(problem('is:new'), /is: one of nan, new-nan, old-nan, matrix, /);
  t.regex(problem('rel>much'), /rel> a number, as 5% or 1e-3, not “much”/);
  t.regex(problem('block:x'), /block: a number or a range as 10-20, not “x”/);
  t.regex(problem('/(/'), /Invalid regular expression/);
  t.is(problem('[a'), '', 'stands for itself');
  t.is(problem('q_proj rel>5% /a|b/'), '');
  t.is(names('rle>5% q_proj').length, 12);
});

test('tensors of several stacks, from zero and broken ones', (t) => {
  const tensors = gatherTensors(
    prepare(
      buildResult([
        { name: 'one.layers.0.conv1.weight', depth: 0 },
        { name: 'one.layers.1.conv1.weight', depth: 1 },
        { name: 'two.layers.0.conv1.weight', depth: 0, nanNew: 2 },
        { name: 'two.layers.1.conv1.weight', depth: 1, change: null },
        { name: 'a b/"c', type: 'removed' },
      ]),
    ),
  );
  t.deepEqual(names('stack:two.layers block:0', tensors), ['two.layers.0.conv1.weight']);
  t.deepEqual(names('is:nan', tensors), ['two.layers.0.conv1.weight']);
  t.deepEqual(names('is:from-zero', tensors), ['two.layers.1.conv1.weight']);
  t.deepEqual(names('"a b/"', tensors), ['a b/"c']);
});

test('terms are put in, taken out and found whole', (t) => {
  t.deepEqual(splitTerms('a "b c" /d e/ -x rel>5%'), ['a', '"b c"', '/d e/', '-x', 'rel>5%']);
  t.true(hasTerm('a is:changed', 'is:changed'));
  t.false(hasTerm('-is:changed', 'is:changed'));
  t.is(putTerm('a  b', 'c'), 'a b c');
  t.is(takeTerm('a block:1 module=x b', 'block:', 'module='), 'a b');
  t.is(quoteValue('a b"c'), '"a bc"');
  t.is(quoteValue('mlp.experts.*.w1'), 'mlp.experts.*.w1');
});
