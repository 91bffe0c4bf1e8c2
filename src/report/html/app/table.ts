import { compareCodeUnits } from '../../../names/order.ts';
import { formatCount } from '../../../wording/numbers.ts';
import { STATUSES, type PageTensors, statusAt } from '../data/page-tensors.ts';
import { parseFilter, selectRows } from '../view/filter.ts';
import { html } from '../view/markup.ts';
import { countNonfinite } from '../view/quantities.ts';
import { drawHead, drawRow, pickColumns, scaleBars, TABLE_COLUMNS } from '../view/tensor-row.ts';
import { around, fill, find, isTyping } from './dom.ts';
import type { State, Store } from './state.ts';
import { hasTerm, putTerm, takeTerm } from '../view/terms.ts';

/** Up to so many rows all are in the page, so that the browser finds words in them. */
const MOST_WHOLE = 300;
/** Height of a row, as the style has it, and rows that are drawn beyond what is seen. */
const ROW = 29;
const BEYOND = 12;

/** The table of tensors: what fits the search, in the order of a column, as many rows as are seen. */
export class Table {
  /** Rows that fit the search, in order. */
  rows: readonly number[] = [];
  readonly #tensors: PageTensors;
  readonly #store: Store;
  readonly #box = find('table');
  readonly #search = find('search') as HTMLInputElement;
  readonly #scale: ReturnType<typeof scaleBars>;
  /** The row at the keyboard, as a place in `rows`. */
  #at = 0;
  #drawn = '';

  constructor(tensors: PageTensors, store: Store) {
    this.#tensors = tensors;
    this.#store = store;
    this.#scale = scaleBars(tensors);
    this.#drawChips();
    this.#drawMenu();
    this.#select(store.state);
    this.#show(store.state);
    store.listen((state, before) => {
      if (state.q !== before.q || state.sort !== before.sort) this.#select(state);
      if (state.q !== before.q || state.sort !== before.sort || state.columns !== before.columns) this.#show(state);
      else if (state.t !== before.t) this.#mark(state);
    });
    this.#hear();
  }

  /** Rows by the order of the table that come before or after one. */
  neighbour(row: number, step: 1 | -1): number | null {
    const at = this.rows.indexOf(row);
    return at < 0 ? (this.rows[0] ?? null) : (this.rows[at + step] ?? null);
  }

  #select({ q: query, sort }: State): void {
    const filter = parseFilter(query, this.#tensors);
    this.rows = sortRows(selectRows(filter, this.#tensors), readSort(sort), this.#tensors);
    this.#at = 0;
    if (this.#search.value !== query) this.#search.value = query;
    find('problem').textContent = filter.problem === '' ? '' : `Not understood: ${filter.problem}`;
    this.#search.setAttribute('aria-invalid', String(filter.problem !== ''));
  }

  #show(state: State): void {
    const count = this.rows.length;
    const all = this.#tensors.count;
    find('count').textContent = count === all ? formatCount(all) : `${formatCount(count)} of ${formatCount(all)}`;
    for (const chip of find('chips').querySelectorAll<HTMLElement>('[data-is]')) {
      const kind = chip.dataset['is'] ?? '';
      chip.setAttribute('aria-pressed', String(kind === '' ? !/\bis:/.test(state.q) : hasTerm(state.q, `is:${kind}`)));
    }
    for (const box of find('columns').querySelectorAll('input')) box.checked = state.columns.split(',').includes(box.value);
    const table = this.#box.querySelector('table');
    if (table === null) return;
    table.setAttribute('aria-rowcount', String(count + 1));
    fill(table.tHead ?? table.createTHead(), drawHead(pickColumns(state.columns.split(',')), readSort(state.sort)));
    this.#box.scrollTop = 0;
    this.#drawn = '';
    this.#draw();
  }

  /** Draws the rows that are seen, with room in place of the others. */
  #draw(): void {
    const body = this.#box.querySelector('tbody');
    if (body === null) return;
    const { rows } = this;
    const isWhole = rows.length <= MOST_WHOLE;
    const first = isWhole ? 0 : Math.max(0, Math.floor(this.#box.scrollTop / ROW) - BEYOND);
    const last = isWhole
      ? rows.length
      : Math.min(rows.length, Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / ROW) + BEYOND);
    const drawn = `${first} ${last}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const columns = pickColumns(this.#store.state.columns.split(','));
    const gap = (count: number) =>
      count > 0
        ? html`<tr class="gap" aria-hidden="true"><td colspan="${columns.length + 1}" data-rows="${count}"></td></tr>`
        : null;
    const shown = rows.slice(first, last).map((row, at) => drawRow(this.#tensors, row, columns, this.#scale, first + at));
    fill(
      body,
      rows.length === 0
        ? html`<tr><td class="empty" colspan="${columns.length + 1}">No tensor fits.</td></tr>`
        : html`${gap(first)}${shown}${gap(rows.length - last)}`,
    );
    // Heights by script: the policy lets no attribute set them.
    for (const cell of body.querySelectorAll<HTMLElement>('[data-rows]'))
      cell.style.height = `${Number(cell.dataset['rows']) * ROW}px`;
    this.#mark(this.#store.state);
  }

  #mark({ t }: State): void {
    for (const row of this.#box.querySelectorAll<HTMLElement>('tbody tr[data-tensor]'))
      row.classList.toggle('on', this.#tensors.names[Number(row.dataset['tensor'])] === t);
  }

  #drawChips(): void {
    const counts = new Map<string, number>(STATUSES.map((status) => [status, 0]));
    let broken = 0;
    for (let row = 0; row < this.#tensors.count; row += 1) {
      const status = statusAt(this.#tensors, row);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (countNonfinite(this.#tensors, 'new', row) > 0) broken += 1;
    }
    const kinds = [['', 'all', this.#tensors.count] as const, ['nan', 'NaN', broken] as const].concat(
      [...counts].map(([status, count]) => [status, status, count] as never),
    );
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

  #drawMenu(): void {
    const menu = find('columns').querySelector('.menu');
    if (menu !== null)
      fill(
        menu,
        html`${TABLE_COLUMNS.map(({ key, title }) => html`<label><input type="checkbox" value="${key}"> ${title}</label>`)}`,
      );
  }

  #hear(): void {
    const store = this.#store;
    this.#search.addEventListener('input', () => store.change({ q: this.#search.value }));
    find('chips').addEventListener('click', (event) => {
      const kind = around(event, '[data-is]')?.dataset['is'];
      if (kind === undefined) return;
      const others = takeTerm(store.state.q, 'is:');
      store.change({ q: kind === '' || hasTerm(store.state.q, `is:${kind}`) ? others : putTerm(others, `is:${kind}`) });
    });
    find('columns').addEventListener('change', () => {
      const chosen = [...find('columns').querySelectorAll('input')].filter((box) => box.checked).map((box) => box.value);
      store.change({ columns: chosen.join() });
    });
    this.#box.addEventListener('scroll', () => this.#draw(), { passive: true });
    this.#box.addEventListener('click', (event) => {
      const key = around(event, '[data-sort]')?.dataset['sort'];
      if (key !== undefined) {
        const sort = readSort(store.state.sort);
        const isDown = sort.key === key ? !sort.isDown : key !== 'name';
        store.change({ sort: `${key}:${isDown ? 'desc' : 'asc'}` });
        this.#box.querySelector<HTMLElement>(`[data-sort="${CSS.escape(key)}"]`)?.focus();
        return;
      }
      const row = around(event, '[data-tensor]')?.dataset['tensor'];
      if (row !== undefined) this.#open(Number(row));
    });
    this.#box.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined && !isTyping(event)) {
        event.preventDefault();
        this.#focus(this.#at + step);
      }
    });
  }

  #open(row: number): void {
    this.#at = Math.max(0, this.rows.indexOf(row));
    this.#store.change({ t: this.#tensors.names[row] ?? '' });
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

interface Sort {
  readonly key: string;
  readonly isDown: boolean;
}

function readSort(sort: string): Sort {
  const [key = '', order] = sort.split(':');
  return { key, isDown: order !== 'asc' };
}

/** Rows in the order of a column; what has no number comes last. By change: what broke first, then what was zero. */
function sortRows(rows: number[], { key, isDown }: Sort, tensors: PageTensors): number[] {
  const column = TABLE_COLUMNS.find((known) => known.key === key);
  if (column === undefined) return isDown ? rows.reverse() : rows;
  const sign = isDown ? -1 : 1;
  if (!column.isNumber) {
    const words = new Map(rows.map((row) => [row, String(column.read(tensors, row))] as const));
    return rows.sort((a, b) => sign * compareCodeUnits(words.get(a) ?? '', words.get(b) ?? '') || a - b);
  }
  const values = new Float64Array(tensors.count);
  for (const row of rows) {
    const value = Number(column.read(tensors, row));
    const isBroken = key === 'rel' && countNonfinite(tensors, 'new', row) > countNonfinite(tensors, 'old', row);
    values[row] = isBroken ? Infinity : value === Infinity ? Number.MAX_VALUE : Number.isNaN(value) ? sign * Infinity : value;
  }
  return rows.sort((a, b) => {
    const [one, other] = [values[a] ?? 0, values[b] ?? 0];
    return one === other ? a - b : one < other ? -sign : sign;
  });
}
