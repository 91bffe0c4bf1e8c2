import type { Markup } from '../view/markup.ts';

/** The element of an identifier. @throws Error where the page has none */
export function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Puts markup, which has everything from files escaped, into an element. */
export function fill(element: Element, markup: Markup): void {
  element.innerHTML = markup.text;
}

/** The closest element around a target of an event that a selector fits. */
export function around(event: Event, selector: string): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
}

/** Calls for every press on what a selector fits. */
export function onPress(
  place: Document | HTMLElement,
  selector: string,
  act: (pressed: HTMLElement, event: Event) => void,
): void {
  place.addEventListener('click', (event) => {
    const pressed = around(event, selector);
    if (pressed !== null) act(pressed, event);
  });
}

/** Whether keys go into a field. */
export function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
}

/** Says something to screen readers. */
export function speak(words: string): void {
  find('spoken').textContent = words;
}
