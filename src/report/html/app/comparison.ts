/** The script of the page of a comparison. */
import { brushChanges } from './brush.ts';
import { around, find, isTyping } from './dom.ts';
import { showDrawer } from './drawer.ts';
import { keepAddress, readAddress } from './link.ts';
import { enliven } from './live.ts';
import { TensorMap } from './map.ts';
import { Store } from './state.ts';
import { Table } from './table.ts';
import { offerRows } from './take.ts';
import { unpackTensors } from './unpack.ts';

async function start(): Promise<void> {
  const { tensors, left } = await unpackTensors();
  if (tensors.count === 0) return;
  const store = new Store(readAddress());
  const table = new Table(tensors, store);
  new TensorMap(tensors, store, table, left > 0).start();
  brushChanges(store);
  offerRows(tensors, table);
  keepAddress(store);
  showDrawer(tensors, store, table);
  const search = find('search') as HTMLInputElement;
  const goSearch = (): void => {
    search.focus();
    search.select();
  };
  find('to-search').addEventListener('click', goSearch);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !isTyping(event)) {
      event.preventDefault();
      goSearch();
    } else if (event.key === 'Escape' && event.target === search) store.change({ q: '' });
  });
  document.addEventListener('click', (event) => {
    const query = around(event, '[data-query]')?.dataset['query'];
    if (query === undefined) return;
    event.preventDefault();
    store.change({ q: query });
    find('tensors').scrollIntoView();
  });
}

enliven(start);
