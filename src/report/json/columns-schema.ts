import {
  type BoundColumns,
  CHANGE_TYPES,
  ROUNDING_SHAPES,
  type HistogramColumns,
  type RoundingColumns,
  type SideColumns,
  type TensorColumns,
} from '../../comparison/columns.ts';
import { mapPairMetrics, mapProbeMetrics, mapSideMetrics, type ProbeMetrics } from '../../comparison/metrics.ts';
import {
  bins,
  codes,
  described,
  flags,
  floats,
  list,
  lookup,
  named,
  number,
  object,
  optional,
  rows,
  type Schema,
  string,
} from './schema.ts';

const SIDE_COLUMNS = named(
  'side_columns',
  object<SideColumns>({
    dtype: described("Element type; '' where the side has no such tensor.", lookup(string)),
    shape: lookup(list(number)),
    numElements: floats,
    sizeBytes: floats,
    file: optional(described('Index into the files of the side; NaN where there is none.', floats)),
    offset: optional(
      described(
        'Bytes from the start of that file to the first element of the tensor; NaN where it does not lie there as it is (compressed, encoded, sparse).',
        floats,
      ),
    ),
    ...mapSideMetrics((_, { description }) => described(description, floats)),
  }),
);

export const COLUMNS_SCHEMA: Schema = named(
  'columns',
  described(
    'Every compared tensor, listed or not: entry i of each column belongs to names[i].',
    object<TensorColumns>({
      names: described('Names of the tensors as they were matched, in the order of their UTF-16 code units.', list(string)),
      changeType: described(`Index into ${CHANGE_TYPES.join(', ')}.`, codes(CHANGE_TYPES.length)),
      ...mapPairMetrics((_, { description }) => described(description, floats)),
      totalElements: described('Elements of the tensor; of the new one where there is no old one.', floats),
      identical: described('1 where every element is equal by value.', flags),
      dtypeChanged: described('1 where the dtypes differ.', flags),
      old: described('The old side; numbers of a tensor that it does not have are NaN.', SIDE_COLUMNS),
      new: described('The new side.', SIDE_COLUMNS),
      errors: described('Why a tensor could not be compared, by the number of its row.', rows),
      rounding: optional(
        described(
          'What rounding to the dtype explains.',
          object<RoundingColumns>({
            expectedChanged: described('Share of the elements that a dense update of this size changes after rounding.', floats),
            updateSize: described(
              'Estimated size of the update before rounding, relative to the root mean square of old.',
              floats,
            ),
            shape: described(
              `How the share of changed elements depends on the size of the old value: index into ${ROUNDING_SHAPES.join(', ')}.`,
              codes(ROUNDING_SHAPES.length),
            ),
          }),
        ),
      ),
      probes: optional(
        described(
          'What a second look at some of the tensors told; absent when none was needed.',
          object<ProbeMetrics<Float64Array>>(mapProbeMetrics((_, { description }) => described(description, floats))),
        ),
      ),
      histogram: optional(
        described(
          'Only where it was asked for: elements by the size of their change, row after row. Bin 0 holds changes of less than 2^first_exponent, bin i those from 2^(first_exponent + i - 1) up to twice that, the last one everything above.',
          object<HistogramColumns>({ firstExponent: number, bins: number, counts: bins }),
        ),
      ),
      bounds: optional(
        described(
          'Only where hashes were compared and no values, as a side was a manifest: between what the l2_diff of a tensor lies that is not identical.',
          object<BoundColumns>({ l2DiffMin: floats, l2DiffMax: floats }),
        ),
      ),
    }),
  ),
);
