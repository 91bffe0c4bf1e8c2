import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { NO_STATISTICS } from '../checkpoint/tensor-info.ts';
import type { TensorInfo } from '../checkpoint/types.ts';
import type { InspectionProvenance } from '../comparison/provenance.ts';
import { spellPlace } from '../wording/address.ts';
import type { Inspection } from '../report/inspection.ts';
import { writeInspectionJson } from '../report/json/inspection.ts';
import { writeInspectionLines } from '../report/json/lines.ts';
import { TOOL } from '../tool.ts';
import type { InspectFlags, InspectFormat } from './flags.ts';
import type { Session } from './session.ts';

/** Forms of a description for programs; `tsv` reads the tensors and is none. */
type DescriptionFormat = Exclude<InspectFormat, 'text' | 'tsv'>;

/** How they are written, in pieces. */
const WRITERS: Readonly<Record<DescriptionFormat, (inspection: Inspection) => Iterable<string>>> = {
  json: writeInspectionJson,
  jsonl: writeInspectionLines,
};

/** A checkpoint in a form for programs. */
export function writeCheckpoint(
  checkpoint: Checkpoint,
  format: DescriptionFormat,
  provenance: InspectionProvenance | null,
  hasStatistics: boolean,
): Iterable<string> {
  const { path, numParameters, sizeBytes, metadata, config, configs, files, candidates, leftOut, findings } = checkpoint;
  const tensors = Array.from(checkpoint.tensorInfo.values(), (info) => describe(info, hasStatistics));
  const inspection: Inspection = {
    provenance,
    path,
    format: checkpoint.format,
    numParameters,
    sizeBytes,
    metadata,
    config,
    configs,
    files,
    candidates,
    leftOut,
    findings,
    tensors,
  };
  return WRITERS[format](inspection);
}

/** Where a description comes from; null where that is not to be said. */
export function describeSource(session: Session, path: string, flags: InspectFlags): InspectionProvenance | null {
  if (!flags.provenance) return null;
  const { version } = TOOL;
  return { version, created: new Date().toISOString(), checkpoint: spellPlace(path), command: session.command };
}

/** A description of its own: statistics of the checkpoint's are read when they are looked at. */
function describe(info: TensorInfo, hasStatistics: boolean): TensorInfo {
  if (hasStatistics) return info;
  const { name, shape, dtype, numElements, sizeBytes, error } = info;
  return { name, shape, dtype, numElements, sizeBytes, ...NO_STATISTICS, error };
}
