import { find, onPress } from './dom.ts';
import type { Store } from './state.ts';

/** Fields of a state as the address has them. */
type Fields = Readonly<Record<string, string>>;

/** The state that the address stands for. @param first what is there where the address says nothing */
export function readAddress<Kept extends { readonly [Key in keyof Kept]: string }>(first: Kept): Kept {
  const fields = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(Object.entries<string>(first).map(([key, value]) => [key, fields.get(key) ?? value])) as Kept;
}

/** Keeps address and state alike: what is as at first is not in it. */
export function keepAddress<Kept extends { readonly [Key in keyof Kept]: string }>(store: Store<Kept>, first: Kept): void {
  store.listen((state) => {
    const fields = Object.entries<string>(state).filter(([key, value]) => value !== (first as Fields)[key]);
    // Not in a sandbox that has no address.
    try {
      history.replaceState(null, '', `#${new URLSearchParams(fields)}`);
    } catch {
      return;
    }
  });
  // A section is scrolled to, and the address stays.
  onPress(document, 'a[href^="#"]:not([data-query])', (link, event) => {
    event.preventDefault();
    find(link.getAttribute('href')?.slice(1) ?? '').scrollIntoView();
  });
  addEventListener('hashchange', () => {
    if (location.hash.includes('=')) store.change(readAddress(first));
  });
}
