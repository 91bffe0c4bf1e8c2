/** Many tensors: what they cost grows with their number, and the list says what the columns say. */
import test from 'ava';
import {
  CHANGE_TYPES,
  compare,
  createDiffReport,
  DiffAnalyzer,
  loadCheckpoint,
  ModelDiff,
  parseReport,
  renderReport,
} from 'model-diff';
import type { ParameterDiff, SideColumns, TensorColumns, TensorInfo } from 'model-diff';

import { encodeFloats, writeTemporary } from './helpers/safetensors.ts';

/** Names of a mixture of experts, a few numbers each; `shift` is added to all but every seventh tensor. */
function makeModel(tensors: number, shift: number): string {
  const entries = Array.from({ length: tensors }, (_, index): [string, number[]] => {
    const [layer, expert] = [Math.floor(index / 128), index % 128];
    const name =
      expert === 0
        ? `model.layers.${layer}.input_layernorm.weight`
        : `model.layers.${layer}.mlp.experts.${expert}.up_proj.weight`;
    const moved = index % 7 === 0 ? 0 : shift;
    return [name, [1, 2, 3, 4].map((value) => value * ((index % 13) + 1) + moved)];
  });
  return writeTemporary(encodeFloats(new Map(entries)));
}

/** Processor seconds of a whole comparison, of this process alone: other load on the machine counts little. */
async function measure(old: string, newer: string): Promise<number> {
  const before = process.cpuUsage();
  const [a, b] = [await loadCheckpoint(old), await loadCheckpoint(newer)];
  const { diffs, summary } = await new ModelDiff({ threads: 1 }).diff(a, b);
  const analysis = new DiffAnalyzer().analyze(diffs, summary);
  for (const format of ['text', 'json'] as const) createDiffReport(diffs, summary, analysis, { format });
  a.close();
  b.close();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

test.serial('four times as many tensors take four times as long, not sixteen times', async (t) => {
  const [few, many] = [10_000, 40_000].map((count) => [makeModel(count, 0), makeModel(count, 0.01)] as const);
  if (few === undefined || many === undefined) return t.fail();
  // What is compiled meanwhile would make the first run too slow, and the ratio too good.
  await measure(...few);
  const small = Math.min(await measure(...few), await measure(...few));
  const large = Math.min(await measure(...many), await measure(...many));
  t.log(`${small.toFixed(2)} s for 10,000 tensors, ${large.toFixed(2)} s for 40,000`);
  t.true(large < 8 * small, `${large} s against ${small} s`);
});

test('a saved report takes less than 700 bytes a tensor: 70 MB for 100,000', async (t) => {
  const count = 20_000;
  const comparison = await compare(makeModel(count, 0), makeModel(count, 0.01), { includeUnchanged: true });
  const json = renderReport(comparison, { format: 'json' });
  t.log(`${Math.round(json.length / count)} bytes a tensor`);
  t.true(json.length < 700 * count, `${json.length}`);
  const saved = parseReport(json);
  t.deepEqual(saved.columns.l2Diff, comparison.columns.l2Diff);
  t.is(renderReport(saved, { format: 'json' }), json);
});

test('the list says what the columns say, tensor by tensor', async (t) => {
  const [a, b] = [await loadCheckpoint(makeModel(1000, 0)), await loadCheckpoint(makeModel(1200, 0.01))];
  const result = await new ModelDiff({ includeUnchanged: true }).diff(a, b);
  const { tensors } = result.summary;
  if (tensors === undefined) return t.fail('no columns');
  t.is(result.diffs.length, 1200);
  t.is(result.diffs, result.diffs, 'listed once');
  for (const [row, diff] of result.diffs.entries()) {
    if (!t.deepEqual(numbersOf(diff), readRow(tensors, row)) || !t.is(diff.error, null)) return;
    t.deepEqual(describe(diff.oldInfo), readSide(tensors.old, row));
    t.deepEqual(describe(diff.newInfo), readSide(tensors.new, row));
  }
  const analyzer = new DiffAnalyzer();
  t.deepEqual(analyzer.analyze([], result.summary), analyzer.analyze(result.diffs, result.summary), 'the columns are enough');
});

test('what a comparison learns of each tensor is what a look at it alone says', async (t) => {
  const paths = [makeModel(300, 0), makeModel(300, 0.01)] as const;
  const [a, b] = [await loadCheckpoint(paths[0]), await loadCheckpoint(paths[1])];
  await new ModelDiff().diff(a, b);
  for (const [path, seen] of [[paths[0], a] as const, [paths[1], b] as const]) {
    const alone = await loadCheckpoint(path);
    for (const name of alone.layerNames) {
      const [one, other] = [seen.getInfo(name), alone.getInfo(name)];
      if (!t.deepEqual(describe(one), describe(other)) || !t.is(one?.sparsity, other?.sparsity)) return;
    }
  }
});

const toNull = (value: number | undefined): number | null => (Number.isFinite(value) ? (value ?? null) : null);

function numbersOf(diff: ParameterDiff): unknown[] {
  const { name, changeType, identical, l2Diff, maxDiff, meanDiff, cosineSim, relativeChange, bitChanged, oldNorm, newNorm } =
    diff;
  return [name, changeType, identical, l2Diff, maxDiff, meanDiff, cosineSim, relativeChange, bitChanged, oldNorm, newNorm];
}

function readRow(columns: TensorColumns, row: number): unknown[] {
  const { l2Diff, maxDiff, meanDiff, cosineSim, relativeChange, bitChanged, old, new: fresh } = columns;
  const numbers = [l2Diff, maxDiff, meanDiff, cosineSim, relativeChange, bitChanged, old.norm, fresh.norm];
  const type = CHANGE_TYPES[columns.changeType[row] ?? -1];
  return [columns.names[row], type, columns.identical[row] === 1, ...numbers.map((column) => toNull(column[row]))];
}

function describe(info: TensorInfo | null | undefined): unknown[] | null {
  return info ? [info.dtype, info.shape, info.numElements, info.sizeBytes, info.mean, info.std, info.min, info.max] : null;
}

function readSide(side: SideColumns, row: number): unknown[] | null {
  const { dtype, shape, numElements, sizeBytes, mean, std, min, max } = side;
  if (dtype[row] === '') return null;
  return [dtype[row], shape[row], ...[numElements, sizeBytes, mean, std, min, max].map((column) => column[row])];
}
