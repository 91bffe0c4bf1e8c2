import type { PageSeries } from '../data/page-series.ts';
import { describeStep, drawTimeline } from '../view/timeline.ts';
import { around, fill, onPress } from './dom.ts';
import { followPointer } from './tip.ts';

/** Draws the charts for the room that they have, and tells the numbers of the step under the pointer. */
export function showTimeline(series: PageSeries): void {
  const place = document.getElementById('charts');
  if (place === null) return;
  // Drawn for its room, there is nothing to scroll.
  place.removeAttribute('tabindex');
  let width = 0;
  const draw = (): void => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    fill(place, drawTimeline(series, Math.max(240, width)));
    // The words beside the pointer say more.
    for (const title of place.querySelectorAll('circle > title')) title.remove();
  };
  draw();
  new ResizeObserver(draw).observe(place);
  // The address stays, so that no target of it marks the event.
  onPress(place, 'a', (link) => {
    for (const event of document.querySelectorAll('.findings li'))
      event.classList.toggle('on', `#${event.id}` === link.getAttribute('href'));
  });
  followPointer(place, (event) => {
    const step = around(event, '[data-step]')?.dataset['step'];
    return step === undefined ? '' : describeStep(series, Number(step));
  });
}
