/** The script of the page of a series. */
import { keepAddress, readAddress } from './link.ts';
import { enliven } from './live.ts';
import { hearSearch } from './search.ts';
import { StepMap } from './series-map.ts';
import { FIRST_SERIES_STATE } from './series-state.ts';
import { SeriesTable } from './series-table.ts';
import { Store } from './state.ts';
import { offerRows } from './take.ts';
import { showTimeline } from './timeline.ts';
import { unpackSeries } from './unpack-series.ts';

async function start(): Promise<void> {
  const { series, left } = await unpackSeries();
  showTimeline(series);
  if (series.count === 0) return;
  const store = new Store(readAddress(FIRST_SERIES_STATE));
  const table = new SeriesTable(series, store);
  // A map of a part of the tensors would not be that of the series.
  if (left === 0) new StepMap(series, store, table).start();
  offerRows(() => table.readRows());
  keepAddress(store, FIRST_SERIES_STATE);
  hearSearch(store);
}

enliven(start);
