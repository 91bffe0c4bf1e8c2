import type { TensorInfo } from '../../checkpoint/types.ts';
import { INSPECTION_SCHEMA_ID, INSPECTION_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import type { Inspection } from '../inspection.ts';
import { byEntry, type Layout, layOutItems, writeDocument } from './document.ts';
import { FINDINGS_FILE_SCHEMA, INSPECTION_SCHEMA, type SavedFindings, type SavedInspection } from './inspection-schema.ts';
import { TENSOR_INFO_SCHEMA } from './parameter-schema.ts';
import { write } from './write.ts';

const PREAMBLE = { $schema: INSPECTION_SCHEMA_ID, schemaVersion: INSPECTION_SCHEMA_VERSION, tool: TOOL };

/** The description of a checkpoint as JSON, in pieces: one line a tensor. */
export function writeInspectionJson(inspection: Inspection): Iterable<string> {
  const { tensors, ...head } = inspection;
  const saved: Omit<SavedInspection, 'layers'> = { ...PREAMBLE, ...head, numLayers: tensors.length };
  const byTensor: Layout = (_value, _schema, indent) => layOutItems(writeLayers(tensors), indent, '{}');
  return writeDocument<object>(saved, INSPECTION_SCHEMA, { ...LAYOUTS, layers: byTensor });
}

/** The findings of a checkpoint alone. */
export function writeFindingsJson(found: Pick<Inspection, 'provenance' | 'path' | 'findings'>): Iterable<string> {
  const saved: SavedFindings = { ...PREAMBLE, ...found };
  return writeDocument<object>(saved, FINDINGS_FILE_SCHEMA, { findings: byEntry });
}

const LAYOUTS: Readonly<Partial<Record<keyof SavedInspection, Layout>>> = {
  metadata: byEntry,
  config: byEntry,
  configs: byEntry,
  files: byEntry,
  candidates: byEntry,
  leftOut: byEntry,
  findings: byEntry,
};

function* writeLayers(tensors: readonly TensorInfo[]): Generator<[string]> {
  for (const info of tensors) yield [`${JSON.stringify(info.name)}: ${write(info, TENSOR_INFO_SCHEMA) ?? ''}`];
}
