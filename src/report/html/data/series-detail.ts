import type { SeriesResult } from '../../../series/types.ts';
import { formatCount } from '../../../wording/numbers.ts';
import { rankRows } from '../../rank-series.ts';

/** Above so many numbers, one a tensor and step, a page would be too large to open with ease. */
const MOST = 3_000_000;

/** The part of the tensors that a page holds. */
export interface SeriesDetail {
  /** In the order of the series. */
  readonly rows: readonly number[];
  readonly left: number;
  readonly words: string;
}

/** The tensors that a page holds; null for all. Those that something happened to come first, then those that went furthest. */
export function chooseSeriesDetail(series: SeriesResult, most: number = MOST): SeriesDetail | null {
  const { names } = series.tensors;
  const room = Math.floor(most / Math.max(1, series.steps.length));
  if (names.length <= room) return null;
  const told = new Set(series.events.map(({ tensor }) => tensor));
  const ranked = rankRows(series);
  const chosen = [...ranked.filter((row) => told.has(names[row] ?? '')), ...ranked.filter((row) => !told.has(names[row] ?? ''))];
  const rows = chosen.slice(0, room).sort((a, b) => a - b);
  return {
    rows,
    left: names.length - rows.length,
    words: `The list below holds ${formatCount(rows.length)} of ${formatCount(names.length)} tensors: those that something happened to, and those furthest from the start. The map and all totals are of all of them; CSV and JSON have every number.`,
  };
}
