import type { InspectionProvenance, Origin, SeriesProvenance } from '../comparison/provenance.ts';
import { formatCount } from '../wording/numbers.ts';
import type { Report } from './report.ts';

/** Where a report comes from, in words that may hold anything that a file or a command line holds. */
export interface OriginWords {
  /** `model-diff 0.1.0`, `2026-11-29 08:36 UTC`, `base/ → tuned/`, `threshold 0.000001`, `precision fast`. */
  readonly facts: readonly string[];
  /** The command line; null for calls of the library. */
  readonly command: string | null;
}

/** Of a comparison; null where it is not to be said. */
export function describeOrigin({ comparison: { provenance, options } }: Report): OriginWords | null {
  if (provenance === null) return null;
  return describe(provenance, [provenance.old, provenance.new], options);
}

/** Of a series. */
export function describeSeriesOrigin(provenance: SeriesProvenance | null): OriginWords | null {
  return provenance === null ? null : describe(provenance, provenance.checkpoints, provenance);
}

/** Of a checkpoint. */
export function describeInspectionOrigin(provenance: InspectionProvenance | null): OriginWords | null {
  return provenance === null ? null : describe(provenance, [provenance.checkpoint]);
}

function describe(
  { version, created, command }: Origin,
  places: readonly (string | null)[],
  numbers?: { readonly changeThreshold: number; readonly precision: string },
): OriginWords {
  const facts = [`model-diff ${version}`, spellTime(created), spellPlaces(places)];
  if (numbers !== undefined) facts.push(`threshold ${numbers.changeThreshold}`, `precision ${numbers.precision}`);
  return { facts: facts.filter((fact) => fact !== ''), command };
}

/** To the minute; a time that is none as it is. */
function spellTime(created: string): string {
  const [, day, minute] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):[\d.]+Z$/.exec(created) ?? [];
  return day === undefined ? created : `${day} ${minute} UTC`;
}

function spellPlaces(places: readonly (string | null)[]): string {
  if (places.every((place) => place === null)) return '';
  const [first, last] = [places[0], places.at(-1)].map((place) => place ?? 'tensors in memory');
  if (places.length === 1) return first ?? '';
  return `${first} → ${last}${places.length > 2 ? ` (${formatCount(places.length)} checkpoints)` : ''}`;
}
