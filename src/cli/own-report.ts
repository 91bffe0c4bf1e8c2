import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { isPlainObject } from '../options.ts';
import { SCHEMA_URN } from '../tool.ts';
import { findStats } from './find-stats.ts';

/** Bytes at the beginning of a file that are looked at. */
const START = 4096;
/** More than the numbers for experiment trackers ever take. */
const MOST_METRICS = 1 << 20;

/** How each format begins, with or without provenance. */
const STARTS: readonly RegExp[] = [
  // JSON and JSONL, of a comparison, a series or one checkpoint.
  new RegExp(String.raw`^\{\s*(?:"type":\s*"\w+",\s*)?"\$schema":\s*"${SCHEMA_URN}`),
  // HTML: no other page has this order of head and policy.
  /^<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
  // CSV of a comparison and of a series.
  /^name,change_type,block,module,layer_type,role,/,
  /^step,checkpoint,name,step_size,/,
  // Markdown and text: both names, and what there is to say of them.
  /^## (`+).+\1 → (`+).+\2\n\n/,
  /^.+ (?:→|->) .+ {3}.*\b\d+ tensors?\b/,
];

/** Whether this program wrote a file: as a report of any format, or as numbers for experiment trackers. */
export function isOwnReport(path: string): boolean {
  const start = readStart(path);
  return STARTS.some((pattern) => pattern.test(start)) || (start.startsWith('{') && isMetrics(path));
}

function readStart(path: string): string {
  const bytes = Buffer.alloc(START);
  const descriptor = openSync(path, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/** Names that all metrics of a comparison have, and all of a series. */
const METRICS: readonly (readonly string[])[] = [
  ['changed_tensors', 'reshaped_tensors', 'dtype_changed_tensors', 'nonfinite_new', 'config_changes'],
  ['events', 'critical_events'],
];

function isMetrics(path: string): boolean {
  if ((findStats(path)?.size ?? Number.POSITIVE_INFINITY) > MOST_METRICS) return false;
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isPlainObject(value) || !Object.values(value).every((item) => typeof item === 'number')) return false;
    return METRICS.some((names) => names.every((name) => Object.hasOwn(value, name)));
  } catch {
    return false;
  }
}
