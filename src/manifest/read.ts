import { readFile, stat } from 'node:fs/promises';
import type { Manifest } from '../comparison/manifest.ts';
import { describeSystemError } from '../system-error.ts';
import { argumentError, type ErrorCode, type ErrorKind, ModelDiffError } from '../errors.ts';
import { isPlainObject, spell } from '../options.ts';
import { decode } from '../report/json/decode.ts';
import { MANIFEST_SCHEMA } from '../report/json/manifest-schema.ts';
import { MANIFEST_SCHEMA_ID, MANIFEST_SCHEMA_NAME } from '../tool.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { formatBytes } from '../wording/numbers.ts';
import { findFault } from './find-fault.ts';

/** Bytes that a manifest has at most: of half a million tensors. */
const MOST_BYTES = 2 ** 28;

const HOW_TO_MAKE = 'model-diff hash CHECKPOINT -o manifest.json makes one';

/**
 * Reads a manifest of hashes. The file is not trusted: its form, its numbers and the hash over its tensors are looked at.
 *
 * @throws `ModelDiffError` `E_NOT_FOUND` and the like for what cannot be read, `E_UNKNOWN_FORMAT` for other files, `E_UNSUPPORTED_VERSION` for
 * manifests of another version, `E_INVALID_HEADER` for damaged ones, `E_DUPLICATE_NAME`, `E_LIMIT_EXCEEDED`
 */
export async function readManifest(path: string, options: { readonly signal?: AbortSignal } = {}): Promise<Manifest> {
  if (typeof path !== 'string' || path === '')
    throw argumentError(`readManifest takes the path of a manifest, not ${spell(path)}`);
  const { signal } = options;
  signal?.throwIfAborted();
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw tooLarge(path, size);
    text = await readFile(path, { encoding: 'utf8', ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof ModelDiffError ? cause : unreadable(path, cause);
  }
  return parseManifest(text, path);
}

/** @param path of the file, for messages */
function parseManifest(text: string, path: string): Manifest {
  const data = parse(text, path);
  checkVersion(data, path);
  const manifest = decodeManifest(data, path);
  const fault = findFault(manifest);
  if (fault !== null)
    throw fail(
      'Format',
      fault.code,
      `${fault.message} (${path})`,
      path,
      'it was edited or damaged: make it again with model-diff hash',
    );
  return manifest;
}

function parse(text: string, path: string): Readonly<Record<string, unknown>> {
  let data: unknown;
  try {
    data = JSON.parse(text.replace(/^\uFEFF/u, ''));
  } catch (cause) {
    const isCut = text.includes(MANIFEST_SCHEMA_NAME);
    const message = isCut
      ? `the manifest is cut off or damaged: expected JSON (${path})`
      : `not a manifest: expected JSON (${path})`;
    throw fail('Format', isCut ? 'E_INVALID_HEADER' : 'E_UNKNOWN_FORMAT', message, path, HOW_TO_MAKE, cause);
  }
  return isPlainObject(data) ? data : {};
}

function checkVersion(data: Readonly<Record<string, unknown>>, path: string): void {
  const schema = Object.hasOwn(data, '$schema') ? String(data['$schema']) : '';
  if (!schema.startsWith(MANIFEST_SCHEMA_NAME))
    throw fail('Format', 'E_UNKNOWN_FORMAT', `not a manifest of model-diff (${path})`, path, HOW_TO_MAKE);
  if (schema === MANIFEST_SCHEMA_ID) return;
  const version = escapeTerminal(schema.slice(MANIFEST_SCHEMA_NAME.length, MANIFEST_SCHEMA_NAME.length + 20));
  const expected = MANIFEST_SCHEMA_ID.slice(MANIFEST_SCHEMA_NAME.length);
  const message = `the manifest has schema version ${version}: expected ${expected} (${path})`;
  throw fail(
    'Unsupported',
    'E_UNSUPPORTED_VERSION',
    message,
    path,
    'use the version of model-diff that wrote it, or make it again',
  );
}

function decodeManifest(data: Readonly<Record<string, unknown>>, path: string): Manifest {
  try {
    const read = decode(data, MANIFEST_SCHEMA, '', { rows: 0, bins: 0 }) as Manifest &
      Record<'$schema' | 'schemaVersion' | 'tool', unknown>;
    const { $schema: _, schemaVersion: _version, tool: _tool, ...manifest } = read;
    return manifest;
  } catch (cause) {
    if (!(cause instanceof ModelDiffError)) throw cause;
    throw fail(
      cause.kind,
      cause.code,
      `${cause.message} (${path})`,
      path,
      'it was edited or damaged: make it again with model-diff hash',
    );
  }
}

function tooLarge(path: string, size: number): ModelDiffError {
  const message = `${path} is too large for a manifest: expected at most ${formatBytes(MOST_BYTES)}, found ${formatBytes(size)}`;
  return fail('Limit', 'E_LIMIT_EXCEEDED', message, path, 'give the checkpoint itself');
}

function unreadable(path: string, cause: unknown): ModelDiffError {
  return describeSystemError(cause, path, 'cannot read the manifest', HOW_TO_MAKE);
}

function fail(kind: ErrorKind, code: ErrorCode, message: string, path: string, hint: string, cause?: unknown): ModelDiffError {
  return new ModelDiffError(message, { kind, code, path, hint, cause });
}
