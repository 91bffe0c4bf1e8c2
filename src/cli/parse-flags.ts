import { InvalidArgumentError } from 'commander';
import { LIMITS } from '../checkpoint/limits.ts';
import { FORMAT_NAMES, type ReportFormat } from '../report/formats.ts';
import type { HtmlDetail } from '../report/options.ts';

export function parseFormat(value: string): ReportFormat {
  const format = FORMAT_NAMES.find((known) => known === value);
  if (format === undefined) throw new InvalidArgumentError(`Allowed choices are ${FORMAT_NAMES.join(', ')}.`);
  return format;
}

export function parseDetail(value: string): HtmlDetail {
  if (value === 'auto' || value === 'full') return value;
  const count = /^top:(\d+)$/.exec(value)?.[1];
  if (count === undefined) throw new InvalidArgumentError('Expected auto, full or top:N, such as top:5000.');
  return parseCount(count);
}

export function collectLimit(value: string, previous: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name = '', count = ''] = /^([a-z_]+)=(\d+)$/.exec(value) ?? [];
  if (!Object.hasOwn(LIMITS, name))
    throw new InvalidArgumentError(`Expected NAME=NUMBER, with one of the names ${Object.keys(LIMITS).join(', ')}.`);
  if (!Number.isSafeInteger(Number(count))) throw new InvalidArgumentError('Expected a smaller number.');
  return { ...previous, [name]: Number(count) };
}

export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

export function parseCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('Expected a whole number from 0.');
  return count;
}

export function parsePositive(value: string): number {
  const count = parseCount(value);
  if (count < 1 || count > 1024) throw new InvalidArgumentError('Expected a whole number from 1 to 1024.');
  return count;
}

export function parseThreshold(value: string): number {
  const threshold = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(threshold) || threshold < 0) throw new InvalidArgumentError('Expected a number from 0, such as 1e-6.');
  return threshold;
}

export function parseParts(value: string): number {
  const count = parseCount(value);
  if (count < 1 || count > 99_999) throw new InvalidArgumentError('Expected a whole number from 1 to 99999.');
  return count;
}
