import { formatCount } from '../../../wording/numbers.ts';
import { html, type Markup } from '../view/markup.ts';
import { fill, find, isTyping, onPress } from './dom.ts';

/** Up to so many rows all are in the page, so that the browser finds words in them. */
const MOST_WHOLE = 300;
/** Height of a row, as the style has it, and rows that are drawn beyond what is seen. */
const ROW = 29;
const BEYOND = 12;

/** What a table is drawn with. */
export interface RowDrawing {
  /** @param at place among the rows that are shown */
  readonly drawRow: (row: number, at: number) => Markup;
  /** Called after each drawing. */
  readonly onDrawn?: () => void;
  readonly onSort: (key: string) => void;
}

/** The table of a page: as many of its rows as are seen, with room in place of the others. */
export class RowWindow {
  /** Rows that are shown, in order. */
  rows: readonly number[] = [];
  readonly #box = find('table');
  readonly #drawing: RowDrawing;
  /** The row at the keyboard, as a place in `rows`. */
  #at = 0;
  #drawn = '';

  constructor(drawing: RowDrawing) {
    this.#drawing = drawing;
    this.#box.addEventListener('scroll', () => this.#draw(), { passive: true });
    onPress(this.#box, '[data-sort]', ({ dataset: { sort = '' } }) => {
      drawing.onSort(sort);
      this.#box.querySelector<HTMLElement>(`[data-sort="${sort}"]`)?.focus();
    });
    onPress(this.#box, '[data-tensor]', ({ dataset: { tensor } }) => {
      this.#at = this.rows.indexOf(Number(tensor));
    });
    this.#box.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined && !isTyping(event)) {
        event.preventDefault();
        this.#focus(this.#at + step);
      }
    });
  }

  /** Shows rows from the first one on, below a head. @param all rows that there are */
  show(rows: readonly number[], all: number, head: Markup): void {
    this.rows = rows;
    this.#at = 0;
    const count = rows.length;
    find('count').textContent = count === all ? formatCount(all) : `${formatCount(count)} of ${formatCount(all)}`;
    const table = this.#box.querySelector('table');
    table?.setAttribute('aria-rowcount', String(count + 1));
    if (table?.tHead) fill(table.tHead, head);
    this.#box.scrollTop = 0;
    this.#drawn = '';
    this.#draw();
  }

  #draw(): void {
    const body = this.#box.querySelector('tbody');
    if (body === null) return;
    const { rows } = this;
    const { scrollTop, clientHeight } = this.#box;
    const isWhole = rows.length <= MOST_WHOLE;
    const first = isWhole ? 0 : Math.max(0, Math.floor(scrollTop / ROW) - BEYOND);
    const last = isWhole ? rows.length : Math.min(rows.length, Math.ceil((scrollTop + clientHeight) / ROW) + BEYOND);
    const drawn = `${first} ${last}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const gap = (count: number) =>
      count > 0 ? html`<tr class="gap" aria-hidden="true"><td colspan="99" data-rows="${count}"></td></tr>` : null;
    fill(
      body,
      rows.length === 0
        ? html`<tr><td class="empty" colspan="99">No tensor fits.</td></tr>`
        : html`${gap(first)}${rows.slice(first, last).map((row, at) => this.#drawing.drawRow(row, first + at))}${gap(rows.length - last)}`,
    );
    // Heights by script: the policy lets no attribute set them.
    for (const cell of body.querySelectorAll<HTMLElement>('[data-rows]'))
      cell.style.height = `${Number(cell.dataset['rows']) * ROW}px`;
    this.#drawing.onDrawn?.();
  }

  /** Brings a row into sight and to the keyboard. */
  #focus(at: number): void {
    this.#at = Math.min(this.rows.length - 1, Math.max(0, at));
    const top = this.#at * ROW;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop) this.#box.scrollTop = top;
    else if (top + 2 * ROW > scrollTop + clientHeight) this.#box.scrollTop = top + 2 * ROW - clientHeight;
    this.#draw();
    this.#box.querySelector<HTMLElement>(`tr[data-tensor="${this.rows[this.#at]}"] .open`)?.focus({ preventScroll: true });
  }
}
