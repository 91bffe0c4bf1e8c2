import type { Manifest } from '../../comparison/manifest.ts';
import { MANIFEST_SCHEMA_ID, MANIFEST_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import { byEntry, type Layout, layOutItems, writeDocument } from './document.ts';
import { MANIFEST_SCHEMA, MANIFEST_TENSOR_SCHEMA, type SavedManifest } from './manifest-schema.ts';
import { writeEach } from './write.ts';

/** A manifest as JSON, in pieces: one line a tensor. */
export function writeManifestJson(manifest: Manifest): Iterable<string> {
  const saved: SavedManifest = { $schema: MANIFEST_SCHEMA_ID, schemaVersion: MANIFEST_SCHEMA_VERSION, tool: TOOL, ...manifest };
  return writeDocument<object>(saved, MANIFEST_SCHEMA, LAYOUTS);
}

const byTensor: Layout = (value, _schema, indent) =>
  layOutItems(writeEach(value as Manifest['tensors'], MANIFEST_TENSOR_SCHEMA), indent);

const LAYOUTS: Readonly<Partial<Record<keyof SavedManifest, Layout>>> = {
  files: byEntry,
  metadata: byEntry,
  config: byEntry,
  configs: byEntry,
  leftOut: byEntry,
  findings: byEntry,
  tensors: byTensor,
};
