import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelDiffError } from '../errors.ts';
import { describeSystemError } from '../system-error.ts';
import { partPath, partsFolder, readPartName, readWhole, TEMPORARY } from './folder.ts';
import { checkHeader, MOST_PART_BYTES, openPart } from './part-file.ts';
import type { ForeignPart, PartsPlan, PartState } from './types.ts';

/** A part as it is found in its folder. */
export interface FoundPart extends Omit<PartState, 'progress'> {
  /** What was measured, of a part that is done. */
  readonly measured: Uint8Array | null;
  /** Whether the file is a whole part, but of another plan or version. */
  readonly isForeign: boolean;
}

/** Looks at the file of one part. */
export async function findPart(directory: string, plan: PartsPlan, part: number): Promise<FoundPart> {
  const found = { part, bytes: plan.parts[part - 1]?.bytes ?? 0, measured: null, isForeign: false };
  let file: Buffer | null;
  try {
    file = await readWhole(partPath(directory, part, plan.parts.length), MOST_PART_BYTES);
  } catch (error) {
    if (!(error instanceof ModelDiffError)) throw error;
    return { ...found, state: 'damaged', reason: error.message };
  }
  if (file === null) return { ...found, state: 'missing', reason: null };
  const damaged = (reason: string, isForeign: boolean): FoundPart => ({ ...found, state: 'damaged', reason, isForeign });
  const opened = openPart(file);
  if (opened.problem !== null) return damaged(opened.problem, false);
  const problem = checkHeader(opened.header, plan, part);
  if (problem !== null) return damaged(problem, opened.header['plan_hash'] !== plan.hash);
  return { ...found, state: 'done', reason: null, measured: opened.measured };
}

/** Looks at all parts of a plan, one after the other. */
export async function* findParts(directory: string, plan: PartsPlan, signal?: AbortSignal): AsyncGenerator<FoundPart> {
  for (const index of plan.parts.keys()) {
    signal?.throwIfAborted();
    yield await findPart(directory, plan, index + 1);
  }
}

/** Files among the parts that belong to none: of another number of parts, copies, anything else. */
export async function findForeign(directory: string, plan: PartsPlan): Promise<ForeignPart[]> {
  const of = plan.parts.length;
  const names = (await listNames(directory)).filter((name) => !name.startsWith(TEMPORARY) && readPartName(name, of) === null);
  return Promise.all(
    names.sort().map(async (name) => {
      const path = join(partsFolder(directory), name);
      return { path, reason: await describeForeign(path, plan) };
    }),
  );
}

async function describeForeign(path: string, plan: PartsPlan): Promise<string> {
  const file = await readWhole(path, MOST_PART_BYTES).catch(() => null);
  const opened = file === null ? null : openPart(file);
  if (opened === null || opened.problem !== null) return 'it is not a part';
  const part = opened.header['part'];
  const problem = typeof part === 'number' ? checkHeader(opened.header, plan, part) : 'it is not a part';
  return problem ?? `a second copy of part ${String(part)}`;
}

async function listNames(directory: string): Promise<string[]> {
  try {
    return await readdir(partsFolder(directory));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw describeSystemError(cause, partsFolder(directory), 'cannot read');
  }
}
