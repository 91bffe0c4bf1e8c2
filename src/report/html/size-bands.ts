import { BANDS } from '../../analysis/bands.ts';
import type { SizeBand } from './view/histogram.ts';

/** Bands of the size of a change, from none on. */
export const SIZE_BANDS: readonly SizeBand[] = BANDS.map(({ band, below }, at) => ({
  name: band,
  from: BANDS[at - 1]?.below ?? 0,
  below,
}));
