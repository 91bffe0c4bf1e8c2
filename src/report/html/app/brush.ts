import { formatPercent } from '../../../wording/numbers.ts';
import { changeAt, CHANGES_BOX } from '../view/changes-box.ts';
import { putTerm, takeTerm } from '../view/terms.ts';
import type { Store } from './state.ts';

/** The histogram of changes: a range that is dragged over becomes a search. */
export function brushChanges(store: Store): void {
  const picture = document.querySelector<SVGSVGElement>('svg.changes');
  if (picture === null) return;
  const { start: first, decades } = picture.dataset;
  const brush = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  brush.classList.add('brush');
  const { top, height, bottom } = CHANGES_BOX;
  brush.setAttribute('y', String(top));
  brush.setAttribute('height', String(height - top - bottom));
  picture.append(brush);
  const at = (event: PointerEvent): number => {
    const box = picture.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * CHANGES_BOX.width;
  };
  let start: number | null = null;
  const draw = (from: number, to: number): void => {
    brush.setAttribute('x', String(Math.min(from, to)));
    brush.setAttribute('width', String(Math.abs(to - from)));
  };
  picture.addEventListener('pointerdown', (event) => {
    start = at(event);
    picture.setPointerCapture(event.pointerId);
    draw(start, start);
  });
  picture.addEventListener('pointermove', (event) => {
    if (start !== null) draw(start, at(event));
  });
  picture.addEventListener('pointerup', (event) => {
    if (start === null) return;
    const [from, to] = [start, at(event)].sort((a, b) => a - b) as [number, number];
    start = null;
    const rest = takeTerm(store.state.q, 'rel:');
    // A press without a way takes the range away.
    if (to - from < 3) store.change({ q: rest });
    else store.change({ q: putTerm(rest, `rel:${spell(from)}-${spell(to)}`) });
  });
  const spell = (x: number): string => {
    const change = changeAt(x, Number(first), Number(decades));
    const text = formatPercent(change, 3);
    return /^[\d.]+%$/.test(text) ? text : change.toPrecision(3);
  };
  store.listen(({ q }) => {
    if (!/\brel:/.test(q)) draw(0, 0);
  });
}
