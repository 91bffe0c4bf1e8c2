import { type PageTensors, STATUSES, statusAt } from '../data/page-tensors.ts';
import { parseFilter } from '../view/filter.ts';
import { selectRows } from '../view/filter-terms.ts';
import { html } from '../view/markup.ts';
import { countNonfinite, readRelative } from '../view/quantities.ts';
import { drawHead, drawRow, pickColumns, scaleBars, TABLE_COLUMNS, type TableColumn } from '../view/tensor-row.ts';
import { drawChips, hearChips, markChips } from './chips.ts';
import { around, fill, find, onPress } from './dom.ts';
import { RowWindow } from './row-window.ts';
import { showSearch } from './search.ts';
import { readSort, sortRows, turnSort } from './sort.ts';
import type { State, Store } from './state.ts';
import type { TakenRow } from './take.ts';

/** The table of tensors: what fits the search, in the order of a column, as many rows as are seen. */
export class Table {
  /** Rows that fit the search, in order. */
  rows: readonly number[] = [];
  readonly #tensors: PageTensors;
  readonly #store: Store;
  readonly #box = find('table');
  readonly #window: RowWindow;

  constructor(tensors: PageTensors, store: Store) {
    this.#tensors = tensors;
    this.#store = store;
    const scale = scaleBars(tensors);
    this.#window = new RowWindow({
      drawRow: (row, at) => drawRow(tensors, row, this.#columns, scale, at),
      onDrawn: () => this.#mark(store.state),
      onSort: (key) => store.change({ sort: turnSort(store.state.sort, key) }),
    });
    this.#drawChips();
    this.#drawMenu();
    this.#select(store.state);
    this.#show(store.state);
    store.listen((state, before) => {
      const isOther = state.q !== before.q || state.sort !== before.sort;
      if (isOther) this.#select(state);
      if (isOther || state.columns !== before.columns) this.#show(state);
      else if (state.t !== before.t) this.#mark(state);
    });
    this.#hear();
  }

  /** Rows by the order of the table that come before or after one. */
  neighbour(row: number, step: 1 | -1): number | null {
    const at = this.rows.indexOf(row);
    return at < 0 ? (this.rows[0] ?? null) : (this.rows[at + step] ?? null);
  }

  get #columns(): readonly TableColumn[] {
    return pickColumns(this.#store.state.columns.split(','));
  }

  #select({ q: query, sort }: State): void {
    const filter = parseFilter(query, this.#tensors);
    this.rows = sortTensors(selectRows(filter, this.#tensors), sort, this.#tensors);
    showSearch(query, filter.problem);
  }

  #show({ q, columns, sort }: State): void {
    markChips(q);
    for (const box of find('columns').querySelectorAll('input')) box.checked = columns.split(',').includes(box.value);
    this.#window.show(this.rows, this.#tensors.count, drawHead(this.#columns, readSort(sort)));
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
    drawChips([
      ['', 'all', this.#tensors.count],
      ['nan', 'NaN', broken],
      ...Array.from(counts, ([status, count]) => [status, status, count] as const),
    ]);
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
    hearChips(store);
    document.addEventListener('click', (event) => {
      if (around(event, '#columns') === null) (find('columns') as HTMLDetailsElement).open = false;
    });
    find('columns').addEventListener('change', () => {
      const chosen = [...find('columns').querySelectorAll('input')].filter((box) => box.checked).map((box) => box.value);
      store.change({ columns: chosen.join() });
    });
    onPress(this.#box, '[data-tensor]', ({ dataset: { tensor } }) =>
      store.change({ t: this.#tensors.names[Number(tensor)] ?? '' }),
    );
  }
}

/** A row with all columns, whichever are shown. */
export function readRow(tensors: PageTensors, row: number): TakenRow {
  return Object.fromEntries([
    ['name', tensors.names[row] ?? ''],
    ...TABLE_COLUMNS.map(({ key, read }) => [key, (key === 'rel' ? readRelative : read)(tensors, row)] as const),
  ]);
}

/** Rows in the order of a column. By change: what broke first, then what was zero. */
function sortTensors(rows: number[], sort: string, tensors: PageTensors): number[] {
  const { key, isDown } = readSort(sort);
  const column = TABLE_COLUMNS.find((known) => known.key === key);
  if (column === undefined) return isDown ? rows.reverse() : rows;
  return sortRows(rows, isDown, (row) => {
    if (key === 'rel' && countNonfinite(tensors, 'new', row) > countNonfinite(tensors, 'old', row)) return Infinity;
    const value = column.read(tensors, row);
    return value === Infinity ? Number.MAX_VALUE : value;
  });
}
