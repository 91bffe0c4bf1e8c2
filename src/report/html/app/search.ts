import { find, isTyping, onPress } from './dom.ts';
import type { Store } from './state.ts';

/** Hears the search box, the keys that lead to it, and the links that put something into it. */
export function hearSearch<Kept extends { readonly q: string }>(store: Store<Kept>): void {
  const search = find('search') as HTMLInputElement;
  const ask = (q: string): void => store.change({ q } as Partial<Kept>);
  const goSearch = (): void => {
    search.focus();
    search.select();
  };
  search.addEventListener('input', () => ask(search.value));
  find('to-search').addEventListener('click', goSearch);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !isTyping(event)) {
      event.preventDefault();
      goSearch();
    } else if (event.key === 'Escape' && event.target === search) ask('');
  });
  onPress(document, '[data-query]', ({ dataset: { query = '' } }, event) => {
    event.preventDefault();
    ask(query);
    find('tensors').scrollIntoView();
  });
}

/** Shows what is asked for, and what of it is not understood. */
export function showSearch(query: string, problem: string): void {
  const search = find('search') as HTMLInputElement;
  if (search.value !== query) search.value = query;
  find('problem').textContent = problem === '' ? '' : `Not understood: ${problem}`;
  search.setAttribute('aria-invalid', String(problem !== ''));
}
