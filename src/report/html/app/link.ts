import { FIRST_MEASURE } from '../view/cells.ts';
import { FIRST_COLUMNS } from '../view/tensor-row.ts';
import type { State, Store } from './state.ts';

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

/** The state that the address stands for. */
export function readAddress(): State {
  const fields = new URLSearchParams(location.hash.slice(1));
  const entries = Object.entries(FIRST_STATE).map(([key, first]) => [key, fields.get(key) ?? String(first)] as const);
  return Object.fromEntries(entries) as Record<keyof State, string>;
}

/** Keeps address and state alike: what is as at first is not in it. Links to sections stay what they are. */
export function keepAddress(store: Store): void {
  store.listen((state) => {
    const fields = Object.entries(state).filter(([key, value]) => value !== FIRST_STATE[key as keyof State]);
    // Not in a sandbox that has no address.
    try {
      history.replaceState(null, '', `#${new URLSearchParams(fields)}`);
    } catch {
      return;
    }
  });
  addEventListener('hashchange', () => {
    if (location.hash.includes('=')) store.change(readAddress());
  });
}
