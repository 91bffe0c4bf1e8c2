import type { PageSeries } from '../data/page-series.ts';
import { selectRows } from '../view/filter-terms.ts';
import { SERIES_COLUMNS } from '../view/series-columns.ts';
import { parseSeriesFilter, SERIES_KINDS, testKind } from '../view/series-filter.ts';
import { drawSeriesHead, drawSeriesRow, scaleSparks } from '../view/series-row.ts';
import { drawChips, hearChips, markChips } from './chips.ts';
import { RowWindow } from './row-window.ts';
import { showSearch } from './search.ts';
import { readStep, type SeriesState } from './series-state.ts';
import { readSort, sortRows, turnSort } from './sort.ts';
import type { Store } from './state.ts';
import type { TakenRow } from './take.ts';

/** The table of tensors: what fits the search, in the order of a column. */
export class SeriesTable {
  /** Rows that fit the search, in order. */
  rows: readonly number[] = [];
  readonly #series: PageSeries;
  readonly #store: Store<SeriesState>;
  readonly #window: RowWindow;

  constructor(series: PageSeries, store: Store<SeriesState>) {
    this.#series = series;
    this.#store = store;
    const scale = scaleSparks(series);
    this.#window = new RowWindow({
      drawRow: (row, at) => drawSeriesRow(series, row, this.#step, scale, at),
      onSort: (key) => store.change({ sort: turnSort(store.state.sort, key) }),
    });
    this.#drawChips();
    this.#show(store.state);
    store.listen((state, before) => {
      if (state.q !== before.q || state.sort !== before.sort || state.step !== before.step) this.#show(state);
    });
    hearChips(store);
  }

  /** What readers take with them: the columns of the table, and every step. */
  readRows(): readonly TakenRow[] {
    const series = this.#series;
    return this.rows.map((row) =>
      Object.fromEntries([
        ['name', series.names[row] ?? ''],
        ...SERIES_COLUMNS.filter(({ key }) => key !== 'step').map(({ key, read }) => [key, read(series, row, 0)] as const),
        ...series.steps.map((_, at) => [`step_${at + 1}`, series.byStep.step[row * series.steps.length + at] ?? null] as const),
      ]),
    );
  }

  get #step(): number {
    return readStep(this.#store.state, this.#series.steps.length);
  }

  #show({ q, sort }: SeriesState): void {
    const series = this.#series;
    const step = this.#step;
    const filter = parseSeriesFilter(q, series, step);
    const { key, isDown } = readSort(sort);
    const column = SERIES_COLUMNS.find((known) => known.key === key);
    this.rows = sortRows(selectRows(filter, series), isDown, (row) =>
      column === undefined ? (series.names[row] ?? '') : column.read(series, row, step),
    );
    showSearch(q, filter.problem);
    markChips(q);
    this.#window.show(this.rows, series.count, drawSeriesHead(step, { key, isDown }));
  }

  #drawChips(): void {
    const series = this.#series;
    const count = (kind: string): number => {
      const test = testKind(series, kind);
      return test === null ? 0 : selectRows({ test, problem: '' }, series).length;
    };
    drawChips([['', 'all', series.count], ...SERIES_KINDS.map(([kind, word]) => [kind, word, count(kind)] as const)]);
  }
}
