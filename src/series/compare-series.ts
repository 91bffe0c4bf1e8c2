import { type DescribedTensor, describeTensors, finishSeries, recordStep, startSeries } from './finish.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { tellApart } from '../checkpoint/distinct-names.ts';
import { COMPARE_OPTIONS, type DiffConfig, resolveOptions } from '../compare/options.ts';
import { compareOpen } from '../compare/compare.ts';
import { argumentError, ModelDiffError } from '../errors.ts';
import { joinProgress, type PairSize } from './progress.ts';
import { changeNames, type SideRules } from '../names/match.ts';
import { checkOptions } from '../options.ts';
import { createCache } from './cache.ts';
import type { LoadOptions } from '../checkpoint/types.ts';
import type { TensorColumns } from '../comparison/columns.ts';
import type { SeriesCheckpoint, SeriesResult } from './types.ts';

/**
 * Follows a model over two or more checkpoints, in the order of training and best at even intervals: how far each step goes and in which
 * direction, and which tensor jumped, froze or went non-finite, and when. Makes three comparisons a step and keeps at most three
 * checkpoints open.
 *
 * @param checkpoints paths, or open checkpoints, which stay open
 * @throws as `loadCheckpoint` and `ModelDiff.diff`
 *
 * @example
 * const { verdict, steps } = await compareSeries(['step-1000', 'step-2000', 'step-3000']);
 */
export async function compareSeries(
  checkpoints: readonly (string | Checkpoint)[],
  config: DiffConfig = {},
  run: Omit<LoadOptions, 'computeStats'> = {},
): Promise<SeriesResult> {
  if (!Array.isArray(checkpoints) || checkpoints.length < 2)
    throw argumentError('a series needs at least two checkpoints, in the order of training');
  // Every checkpoint must be called by the same names: no prefix is taken off for the sake of one pair.
  checkOptions({ ...config, ...run }, COMPARE_OPTIONS, 'compareSeries');
  const options = resolveOptions({ ...config, autoPrefix: false, probes: false });
  const { onProgress, ...open } = run;
  const control = run.signal === undefined ? {} : { signal: run.signal };
  const cache = createCache(checkpoints, open);
  try {
    const surveys: Survey[] = [];
    for (const index of checkpoints.keys())
      surveys.push(surveyCheckpoint(await cache.take(index), options.names.new, options.selects));
    const count = checkpoints.length - 1;
    const planned = Array.from({ length: count }, (_, at) => planStep(at + 1)).flat();
    const progress =
      onProgress &&
      joinProgress(
        planned.map((pair) => sizePair(pair, surveys)),
        onProgress,
      );
    let done = 0;
    const compare = async ([from, to]: Pair): Promise<TensorColumns> => {
      const [old, newer] = [await cache.take(from), await cache.take(to)];
      const watch = progress === undefined ? control : { ...control, onProgress: progress(done) };
      const { columns } = await compareOpen(old, newer, options, { ...watch, provenance: false });
      done += 1;
      return columns;
    };
    const draft = startSeries(describeTensors(surveys.map(({ tensors }) => tensors)), count);
    for (let step = 1; step <= count; step += 1) {
      const found: TensorColumns[] = [];
      for (const pair of planStep(step)) found.push(await compare(pair));
      recordStep(draft, arrange(found));
    }
    return finishSeries(draft, nameAll(surveys));
  } finally {
    cache.close();
  }
}

type Pair = readonly [from: number, to: number];

/** The comparisons of one step: with the checkpoint before the last, with the last, with the first. Where two are the same, it is made once. */
function planStep(step: number): Pair[] {
  const froms = step === 1 ? [0] : step === 2 ? [0, 1] : [step - 2, step - 1, 0];
  return froms.map((from) => [from, step]);
}

function arrange(found: readonly TensorColumns[]): { last: TensorColumns; start: TensorColumns; before: TensorColumns | null } {
  const [first, second, third] = found;
  if (second === undefined) return { last: requireColumns(first), start: requireColumns(first), before: null };
  return { last: second, start: third ?? requireColumns(first), before: requireColumns(first) };
}

function requireColumns(columns: TensorColumns | undefined): TensorColumns {
  if (columns === undefined)
    throw new ModelDiffError('a comparison came without its columns', { kind: 'Internal', code: 'E_INTERNAL' });
  return columns;
}

interface Survey {
  readonly checkpoint: Omit<SeriesCheckpoint, 'name'>;
  /** Readable tensors. */
  readonly tensors: ReadonlyMap<string, DescribedTensor>;
}

/** What is kept of a checkpoint that may be closed. */
function surveyCheckpoint(
  { table, path, format, findings }: Checkpoint,
  rules: SideRules,
  selects: (name: string) => boolean,
): Survey {
  const changed = changeNames('new', table.names, rules, []);
  const names = new Map(changed.rows.map((row, at) => [row, changed.names[at] ?? '']));
  const rows = [...names.keys()].filter((row) => selects(names.get(row) ?? ''));
  const add = (column: Float64Array): number => rows.reduce((sum, row) => sum + (column[row] ?? 0), 0);
  const describe = (row: number): [string, DescribedTensor] => [
    names.get(row) ?? '',
    { shape: table.shape(row), dtype: table.dtype(row) },
  ];
  return {
    checkpoint: { path, format, tensors: rows.length, parameters: add(table.elements), sizeBytes: add(table.bytes), findings },
    tensors: new Map(rows.filter((row) => !table.errors.has(row) && !table.raw.has(row)).map(describe)),
  };
}

function sizePair([from, to]: Pair, surveys: readonly Survey[]): PairSize {
  const [old, newer] = [surveys[from]?.checkpoint, surveys[to]?.checkpoint];
  return { bytes: (old?.sizeBytes ?? 0) + (newer?.sizeBytes ?? 0), tensors: newer?.tensors ?? 0 };
}

function nameAll(surveys: readonly Survey[]): SeriesCheckpoint[] {
  const names = tellApart(surveys.flatMap(({ checkpoint }) => (isInMemory(checkpoint) ? [] : [checkpoint.path])));
  return surveys.map(({ checkpoint }, index) => ({
    ...checkpoint,
    name: isInMemory(checkpoint) ? `checkpoint ${index + 1}` : (names.shift() ?? ''),
  }));
}

function isInMemory({ format }: Survey['checkpoint']): boolean {
  return format === 'memory';
}
