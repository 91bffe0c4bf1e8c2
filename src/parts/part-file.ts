import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { isPlainObject } from '../options.ts';
import { TOOL } from '../tool.ts';
import type { PartsPlan } from './types.ts';

/** Of the form of a part. */
const FORMAT_VERSION = 1;

/** Bytes of a checksum and of the length before it. */
const [CHECKSUM, LENGTH] = [32, 8];

/** Bytes of the longest header. */
const MOST_HEADER = 1 << 16;

/** Node reads no larger file at once. */
export const MOST_PART_BYTES: number = 2 ** 31 - 1;

/**
 * A part as its file has it: a line of JSON, what the engine measured in its encoded form, the length of both as 64 bits, and the SHA-256 of
 * all before it.
 */
export function encodePart(plan: PartsPlan, part: number, attempt: number, measured: Uint8Array): Buffer[] {
  const header = {
    format: 'model-diff part',
    format_version: FORMAT_VERSION,
    version: TOOL.version,
    plan_hash: plan.hash,
    part,
    of: plan.parts.length,
    attempt,
    host: hostname(),
  };
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  const length = Buffer.alloc(LENGTH);
  length.writeBigUInt64LE(BigInt(line.length + measured.length));
  const checksum = createHash('sha256').update(line).update(measured).update(length).digest();
  return [line, Buffer.from(measured.buffer, measured.byteOffset, measured.byteLength), length, checksum];
}

type Header = Readonly<Record<string, unknown>>;

/** What a file says of itself, and what was measured; or what is wrong with it. */
export type OpenedPart =
  | { readonly problem: null; readonly header: Header; readonly measured: Uint8Array }
  | { readonly problem: string };

/** Reads a file that should be a part, of whatever plan. Nothing in it is believed before its checksum is. */
export function openPart(file: Buffer): OpenedPart {
  const body = file.length - LENGTH - CHECKSUM;
  if (body < 0) return { problem: `cut short: it has ${file.length} bytes` };
  const checksum = createHash('sha256')
    .update(file.subarray(0, body + LENGTH))
    .digest();
  if (!checksum.equals(file.subarray(body + LENGTH))) return { problem: 'damaged or cut short: its checksum is another' };
  if (file.readBigUInt64LE(body) !== BigInt(body)) return { problem: 'damaged: its length is another' };
  const end = file.subarray(0, Math.min(body, MOST_HEADER)).indexOf('\n');
  const header = end < 0 ? null : parseHeader(file.toString('utf8', 0, end));
  if (header === null) return { problem: 'it does not begin with the header of a part' };
  return { problem: null, header, measured: file.subarray(end + 1, body) };
}

function parseHeader(line: string): Header | null {
  try {
    const header: unknown = JSON.parse(line);
    return isPlainObject(header) && header['format'] === 'model-diff part' ? header : null;
  } catch {
    return null;
  }
}

/** What keeps a header from being that of a part of a plan; null where nothing does. */
export function checkHeader(header: Header, plan: PartsPlan, part: number): string | null {
  const said = (key: string): string => JSON.stringify(header[key] ?? null);
  if (header['format_version'] !== FORMAT_VERSION)
    return `of version ${said('format_version')} of the format, expected ${FORMAT_VERSION}`;
  if (header['version'] !== plan.version) return `written by model-diff ${said('version')}, the plan by ${plan.version}`;
  if (header['plan_hash'] !== plan.hash) return 'of another plan';
  if (header['of'] !== plan.parts.length || header['part'] !== part) return `it holds part ${said('part')} of ${said('of')}`;
  return null;
}
