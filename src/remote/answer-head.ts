import type { IncomingHttpHeaders } from 'node:http';

/** What a server says of a file: by these a change is seen. */
export interface Pin {
  readonly size: number;
  /** A strong entity tag; null without one. */
  readonly tag: string | null;
  /** `Last-Modified`, where there is no tag. */
  readonly date: string | null;
}

/** What `Content-Range` says: first and last byte, and bytes of the file. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** null for what is none, or leaves the size open. RFC 9110, 14.4. */
export function readContentRange(headers: IncomingHttpHeaders): ContentRange | null {
  const found = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(text(headers['content-range']) ?? '');
  if (found === null) return null;
  const [first = 0, last = 0, size = 0] = found.slice(1).map(Number);
  return first <= last && last < size && Number.isSafeInteger(size) ? { first, last, size } : null;
}

/** `Content-Length`; null without a usable one. */
export function readLength(headers: IncomingHttpHeaders): number | null {
  const length = text(headers['content-length']);
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

export function readPin(headers: IncomingHttpHeaders, size: number): Pin {
  const tag = text(headers['etag']);
  const isStrong = tag !== undefined && tag.startsWith('"');
  return { size, tag: isStrong ? tag : null, date: isStrong ? null : (text(headers['last-modified']) ?? null) };
}

/** Whether a body came as it lies in the file. */
export function isIdentity(headers: IncomingHttpHeaders): boolean {
  const encoding = text(headers['content-encoding']);
  return encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity';
}

/** Seconds that `Retry-After` asks for; null without it. */
export function readPause(headers: IncomingHttpHeaders, now: number): number | null {
  const value = text(headers['retry-after']);
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
