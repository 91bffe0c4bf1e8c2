import type { StructureComparison } from '../../comparison/structure.ts';
import { STRUCTURE_SCHEMA_ID, STRUCTURE_SCHEMA_VERSION, TOOL } from '../../tool.ts';
import { byEntry, type Layout, writeDocument } from './document.ts';
import { type SavedStructure, STRUCTURE_SCHEMA } from './structure-schema.ts';

const LISTS = ['added', 'removed', 'reshaped', 'retyped', 'configChanges', 'nameChanges'] as const;

const LAYOUTS: Readonly<Record<string, Layout>> = Object.fromEntries(LISTS.map((list) => [list, byEntry]));

/** A comparison of structures as JSON, in pieces: one line a tensor that differs. */
export function writeStructureJson(found: StructureComparison): Iterable<string> {
  const preamble = { $schema: STRUCTURE_SCHEMA_ID, schemaVersion: STRUCTURE_SCHEMA_VERSION, tool: TOOL };
  const saved: SavedStructure = { ...preamble, ...found };
  return writeDocument<object>(saved, STRUCTURE_SCHEMA, LAYOUTS);
}
