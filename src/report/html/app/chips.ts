import { formatCount } from '../../../wording/numbers.ts';
import { html } from '../view/markup.ts';
import { hasTerm, putTerm, takeTerm } from '../view/terms.ts';
import { fill, find, onPress } from './dom.ts';
import type { Store } from './state.ts';

/** Draws the kinds of tensors that there are, '' for all of them. */
export function drawChips(kinds: readonly (readonly [kind: string, word: string, count: number])[]): void {
  fill(
    find('chips'),
    html`${kinds
      .filter(([, , count]) => count > 0)
      .map(
        ([kind, word, count]) =>
          html`<button data-is="${kind}" aria-pressed="false">${word}<span class="count">${formatCount(count)}</span></button>`,
      )}`,
  );
}

/** Shows which of them a search asks for. */
export function markChips(query: string): void {
  for (const chip of find('chips').querySelectorAll<HTMLElement>('[data-is]')) {
    const kind = chip.dataset['is'] ?? '';
    chip.setAttribute('aria-pressed', String(kind === '' ? !/\bis:/.test(query) : hasTerm(query, `is:${kind}`)));
  }
}

/** Makes a search of what is pressed; pressed once more it is gone. */
export function hearChips<Kept extends { readonly q: string }>(store: Store<Kept>): void {
  onPress(find('chips'), '[data-is]', ({ dataset: { is: kind = '' } }) => {
    const { q } = store.state;
    const others = takeTerm(q, 'is:');
    const next = kind === '' || hasTerm(q, `is:${kind}`) ? others : putTerm(others, `is:${kind}`);
    store.change({ q: next } as Partial<Kept>);
  });
}
