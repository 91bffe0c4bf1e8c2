import test from 'ava';
import { DiffAnalyzer } from '../../src/original/diff-analyzer.ts';
import type { ParameterDiff } from '../../src/comparison/rows.ts';
import type { StageComparison } from '../../src/original/types.ts';

function diffs(changes: Readonly<Record<string, number>>, elements: Readonly<Record<string, number>> = {}): ParameterDiff[] {
  return Object.entries(changes).map(
    ([name, relativeChange]) =>
      ({
        name,
        changeType: relativeChange > 0 ? 'modified' : 'unchanged',
        relativeChange,
        totalElements: elements[name] ?? 100,
      }) as Partial<ParameterDiff> as ParameterDiff,
  );
}

function compare(first: Readonly<Record<string, number>>, second: Readonly<Record<string, number>>): StageComparison {
  return new DiffAnalyzer().compareTrainingStages(diffs(first), diffs(second));
}

test('a lower learning rate decelerates nothing', (t) => {
  const result = compare({ a: 0.1, b: 0.2, c: 0.3 }, { a: 0.01, b: 0.02, c: 0.03 });
  t.is(result.stableCount, 3);
  t.deepEqual([result.accelerating, result.decelerating], [[], []]);
  t.true(Math.abs(result.totalStage1Change - 0.6) < 1e-12);
  t.true(Math.abs(result.totalStage2Change - 0.06) < 1e-12);
});

test('shares of the overall change that grow and shrink', (t) => {
  const result = compare({ a: 0.1, b: 0.1, c: 0.1, d: 0.1 }, { a: 0.1, b: 0.1, c: 0.4, d: 0.02 });
  t.deepEqual(
    result.accelerating.map(([name]) => name),
    ['c'],
  );
  t.deepEqual(
    result.decelerating.map(([name]) => name),
    ['d', 'a', 'b'],
  );
  t.deepEqual(result.accelerating, [['c', 0.1, 0.4]]);
  t.is(result.acceleratingCount + result.deceleratingCount + result.stableCount, 4);
});

test('the limit is a factor of 1.5 both ways, itself included', (t) => {
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`x${index}`, 0.1]));
  const result = compare({ ...many, up: 0.1, nearly: 0.1, down: 0.15 }, { ...many, up: 0.1503, nearly: 0.149, down: 0.0999 });
  t.deepEqual(
    result.accelerating.map(([name]) => name),
    ['up'],
  );
  t.deepEqual(
    result.decelerating.map(([name]) => name),
    ['down'],
  );
});

test('tensors that started and finished, whether the other stage lists them or not', (t) => {
  const result = compare({ a: 0.1, b: 0.1, gone: 0.3, c: 0 }, { a: 0.1, b: 0, fresh: 0.2, c: 0.05 });
  t.deepEqual(result.started, ['fresh', 'c']);
  t.deepEqual(result.finished, ['gone', 'b']);
});

test('the most important come first: shift times share of energy', (t) => {
  const first = { small: 0.1, large: 0.1, rest: 0.1 };
  const sizes = { small: 10, large: 1000, rest: 100_000 };
  const result = new DiffAnalyzer().compareTrainingStages(
    diffs(first, sizes),
    diffs({ small: 0.5, large: 0.3, rest: 0.1 }, sizes),
  );
  t.deepEqual(
    result.accelerating.map(([name]) => name),
    ['large', 'small'],
  );
});

test('order does not matter, and nothing is NaN', (t) => {
  const first = diffs({ a: 0.1, b: 0.3, c: 0.2, d: 0 });
  const second = diffs({ a: 0.4, b: 0.1, c: 0.2, d: 0 });
  const analyzer = new DiffAnalyzer();
  const result = analyzer.compareTrainingStages(first, second);
  t.deepEqual(analyzer.compareTrainingStages([...first].reverse(), [...second].reverse()), result);
  t.deepEqual(JSON.parse(JSON.stringify(result)), result);
  t.deepEqual(analyzer.compareTrainingStages([], []), {
    accelerating: [],
    decelerating: [],
    stableCount: 0,
    acceleratingCount: 0,
    deceleratingCount: 0,
    started: [],
    finished: [],
    totalStage1Change: 0,
    totalStage2Change: 0,
  });
});
