import type { SeriesProvenance } from '../../comparison/provenance.ts';
import { mapTensorColumns } from '../../series/tensor-columns.ts';
import type { SeriesResult } from '../../series/types.ts';
import { SERIES_SCHEMA_ID, SERIES_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import { byEntry, type Layout, layOutItems, writeDocument } from './document.ts';
import { SERIES_SCHEMA, SERIES_TENSOR_SCHEMA, type SavedSeries, type SavedSeriesTensor } from './series-schema.ts';
import { writeEach } from './write.ts';

/**
 * The series as JSON, in pieces: one line a checkpoint, step, event and tensor; a tensor has one list a quantity, with a value a step. The
 * same result gives the same bytes.
 */
export function writeSeriesJson(series: SeriesResult, provenance: SeriesProvenance | null): Iterable<string> {
  const { checkpoints, steps, events, verdict } = series;
  const saved: Omit<SavedSeries, 'tensors'> = {
    $schema: SERIES_SCHEMA_ID,
    kind: 'series',
    schemaVersion: SERIES_SCHEMA_VERSION,
    tool: TOOL,
    provenance,
    verdict,
    checkpoints,
    steps,
    events,
  };
  const byTensor: Layout = (_value, _schema, indent) =>
    layOutItems(writeEach(listSeriesTensors(series), SERIES_TENSOR_SCHEMA), indent);
  return writeDocument<object>(saved, SERIES_SCHEMA, { ...LAYOUTS, tensors: byTensor });
}

const LAYOUTS: Readonly<Partial<Record<keyof SavedSeries, Layout>>> = { checkpoints: byEntry, steps: byEntry, events: byEntry };

/** The tensors as files have them. */
export function* listSeriesTensors({ tensors, steps }: SeriesResult): Generator<SavedSeriesTensor> {
  for (const [tensor, name] of tensors.names.entries()) {
    const slice = [tensor * steps.length, (tensor + 1) * steps.length] as const;
    yield {
      name,
      isMeasured: tensors.isMeasured[tensor] === 1,
      startNonfinite: tensors.startNonfinite[tensor] ?? Number.NaN,
      ...mapTensorColumns((column) => tensors[column].subarray(...slice)),
      identical: Array.from(tensors.identical.subarray(...slice), (same) => same === 1),
    };
  }
}
