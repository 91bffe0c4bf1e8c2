import { find } from './dom.ts';

/** Shows words beside the pointer. @param describe what is said of the place of an event; '' for nothing */
export function followPointer(place: HTMLElement, describe: (event: Event) => string): void {
  const tip = find('tip');
  place.addEventListener('pointermove', (event) => {
    const words = describe(event);
    tip.hidden = words === '' || event.pointerType === 'touch';
    if (tip.hidden) return;
    tip.textContent = words;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 18, innerHeight - tip.offsetHeight - 8)}px`;
  });
  place.addEventListener('pointerleave', () => (tip.hidden = true));
}
