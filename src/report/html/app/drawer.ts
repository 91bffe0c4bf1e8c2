import type { PageTensors } from '../data/page-tensors.ts';
import { drawDetails } from '../view/tensor-details.ts';
import { fill, find, isTyping, onPress } from './dom.ts';
import type { State, Store } from './state.ts';
import type { Table } from './table.ts';

/** Shows one tensor beside the page; arrows go through the rows of the table. */
export function showDrawer(tensors: PageTensors, store: Store, table: Table): void {
  const drawer = find('drawer');
  let opener: Element | null = null;
  const show = ({ t }: State): void => {
    const tensor = t === '' ? -1 : tensors.names.indexOf(t);
    const isOpening = tensor >= 0 && drawer.hidden;
    if (isOpening) opener = document.activeElement;
    if (tensor < 0) {
      if (!drawer.hidden && drawer.contains(document.activeElement) && opener instanceof HTMLElement)
        opener.focus({ preventScroll: true });
      drawer.hidden = true;
      return;
    }
    fill(find('details'), drawDetails(tensors, tensor));
    drawer.hidden = false;
    (find('before') as HTMLButtonElement).disabled = table.neighbour(tensor, -1) === null;
    (find('after') as HTMLButtonElement).disabled = table.neighbour(tensor, 1) === null;
    if (isOpening) {
      drawer.scrollTop = 0;
      find('close').focus({ preventScroll: true });
    }
  };
  const open = (row: number): void => store.change({ t: tensors.names[row] ?? '' });
  const close = (): void => store.change({ t: '' });
  const step = (by: 1 | -1): void => {
    const next = table.neighbour(tensors.names.indexOf(store.state.t), by);
    if (next !== null) open(next);
  };
  store.listen((state, before) => {
    if (state.t !== before.t || state.q !== before.q || state.sort !== before.sort) show(state);
  });
  find('close').addEventListener('click', close);
  find('before').addEventListener('click', () => step(-1));
  find('after').addEventListener('click', () => step(1));
  onPress(drawer, '.across [data-tensor]', ({ dataset: { tensor } }) => open(Number(tensor)));
  document.addEventListener('keydown', (event) => {
    if (drawer.hidden || isTyping(event)) return;
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      step(event.key === 'ArrowDown' ? 1 : -1);
    }
  });
  show(store.state);
}
