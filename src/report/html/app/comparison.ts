/** The script of the page of a comparison. */
import { FIRST_MEASURE } from '../view/cells.ts';
import { FIRST_COLUMNS } from '../view/tensor-row.ts';
import { brushChanges } from './brush.ts';
import { showDrawer } from './drawer.ts';
import { keepAddress, readAddress } from './link.ts';
import { enliven } from './live.ts';
import { TensorMap } from './map.ts';
import { hearSearch } from './search.ts';
import { type State, Store } from './state.ts';
import { readRow, Table } from './table.ts';
import { offerRows } from './take.ts';
import { unpackTensors } from './unpack.ts';

const FIRST_STATE: State = {
  q: '',
  sort: 'rel:desc',
  columns: FIRST_COLUMNS.join(),
  t: '',
  show: FIRST_MEASURE.key,
  tower: '0',
  open: '',
  rows: '',
};

async function start(): Promise<void> {
  const { tensors, left } = await unpackTensors();
  if (tensors.count === 0) return;
  const store = new Store(readAddress(FIRST_STATE));
  const table = new Table(tensors, store);
  new TensorMap(tensors, store, table, left > 0).start();
  brushChanges(store);
  offerRows(() => table.rows.map((row) => readRow(tensors, row)));
  keepAddress(store, FIRST_STATE);
  showDrawer(tensors, store, table);
  hearSearch(store);
}

enliven(start);
