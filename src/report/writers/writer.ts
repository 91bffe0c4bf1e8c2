import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesResult } from '../../series/types.ts';
import type { VisualizationConfig } from '../options.ts';
import type { Report } from '../report.ts';
import type { TextOptions } from '../text/layout.ts';

/** Rows of lists, where nobody says how many. */
export const ROWS = 50;

/** How a report is written, whatever its format. */
export interface WriteOptions extends VisualizationConfig {
  /** Form of a text for a terminal. */
  readonly terminal?: Omit<TextOptions, 'rows'>;
  /** Where a series comes from; a comparison has its own. */
  readonly provenance?: SeriesProvenance | null;
}

/** How a format is written, in pieces: long ones are made while they are written. */
export interface Writer {
  readonly comparison: (report: Report, options: WriteOptions) => Iterable<string>;
  readonly series: (series: SeriesResult, options: WriteOptions) => Iterable<string>;
}

/** The whole text of its pieces. */
export function joinPieces(pieces: Iterable<string>): string {
  return [...pieces].join('');
}
