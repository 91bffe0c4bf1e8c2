import { argumentError } from '../errors.ts';
import type { NativeCheckpoint } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { abortSignal, checkOptions, oneOf, type OptionsOf, wholeNumber } from '../options.ts';
import { formatNoun } from '../wording/numbers.ts';
import { WIDE_DTYPES } from './dtype.ts';
import { toTypedArray } from './memory.ts';
import type { TensorTable } from './tensor-table.ts';
import type { ReadOptions, TensorValues } from './types.ts';

const READ_OPTIONS: OptionsOf<ReadOptions> = {
  as: oneOf('f32', 'f64', 'raw'),
  start: wholeNumber(0),
  length: wholeNumber(0),
  signal: abortSignal,
};

/**
 * A copy of a tensor's elements, or of a part of them.
 *
 * @param where the function that was called, for messages
 * @throws `ModelDiffError`: a range outside the tensor, or what keeps it from being read.
 */
export async function readTensor(
  native: NativeCheckpoint,
  table: TensorTable,
  row: number,
  options: ReadOptions,
  where: string,
): Promise<TensorValues> {
  checkOptions(options, READ_OPTIONS, where);
  const name = table.names[row] ?? '';
  const dtype = table.dtype(row);
  const as = options.as ?? (WIDE_DTYPES.has(dtype) ? 'f64' : 'f32');
  const isRaw = table.raw.has(row);
  if (isRaw && as !== 'raw') {
    throw argumentError(
      `tensor ${name} has a dtype that is not known here (${dtype})`,
      "only its bytes can be read: { as: 'raw' }",
    );
  }
  const elements = (isRaw ? table.bytes : table.elements)[row] ?? 0;
  const start = options.start ?? 0;
  const length = options.length ?? elements - start;
  if (start > elements || length > elements - start) {
    throw argumentError(
      `start ${start} and length ${length} lie outside the tensor ${name} of ${formatNoun(elements, 'element')}`,
    );
  }
  const run = options.signal === undefined ? {} : { signal: options.signal };
  const bytes = await runJob('statistics', run, (control) => native.read(row, start, length, as, control));
  const isWhole = options.start === undefined && options.length === undefined;
  return { data: toTypedArray(bytes, as === 'raw' ? dtype : as), shape: isWhole ? table.shape(row) : [length], dtype };
}
