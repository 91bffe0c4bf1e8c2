import { formatCount, formatNoun } from '../../../wording/numbers.ts';
import type { PageSeries } from '../data/page-series.ts';
import { html, type Markup } from '../view/markup.ts';
import { describeCell, drawStepMap, nameSteps } from '../view/step-map.ts';
import { chooseRows, joinSteps, makeStepRows, ROWS_BY, type RowsBy, type StepColumn, type StepRow } from '../view/step-rows.ts';
import { putTerm, takeTerm } from '../view/terms.ts';
import { describeStep } from '../view/timeline.ts';
import { around, fill, find, onPress, speak } from './dom.ts';
import { readStep, type SeriesState } from './series-state.ts';
import type { SeriesTable } from './series-table.ts';
import type { Store } from './state.ts';
import { followPointer } from './tip.ts';

/** Width of a screen that is narrow, in pixels, as the style has it. */
const NARROW = 640;
/** Rows that are drawn until somebody asks for all. */
const MOST_ROWS = 60;
/** Terms that a row of the map puts into the search. */
const TERMS = ['module=', 'module:', 'block:', 'layer:', 'stack:', 'tower:'];

/** The map of a series, drawn for the room that it has; a row that is pressed becomes a search, a cell or a column the step of the table. */
export class StepMap {
  readonly #series: PageSeries;
  readonly #store: Store<SeriesState>;
  readonly #table: SeriesTable;
  readonly #place = find('maps');
  readonly #hint: Markup = html`${find('chosen').textContent}`;
  readonly #columns: readonly StepColumn[];
  #rows: readonly StepRow[] = [];
  #width = 0;
  /** The search that the row which was pressed last has made. */
  #pressed = '';
  /** The cell at the keyboard. */
  readonly #cursor = { row: 0, column: 0 };

  constructor(series: PageSeries, store: Store<SeriesState>, table: SeriesTable) {
    this.#series = series;
    this.#store = store;
    this.#table = table;
    this.#columns = joinSteps(series);
  }

  /** Draws the map, and hears what is done to it. */
  start(): void {
    const store = this.#store;
    this.#make();
    this.#draw();
    new ResizeObserver(() => {
      if (this.#place.clientWidth !== this.#width) this.#draw();
    }).observe(this.#place);
    store.listen((state, before) => {
      if (state.by !== before.by) this.#make();
      if (state.by !== before.by || state.rows !== before.rows) this.#draw();
      else this.#mark(state);
    });
    this.#hear();
  }

  get #by(): RowsBy {
    return ROWS_BY.find((by) => by === this.#store.state.by) ?? chooseRows(this.#series).first;
  }

  #make(): void {
    this.#rows = makeStepRows(this.#series, this.#by, this.#columns);
  }

  #draw(): void {
    const { state } = this.#store;
    this.#width = this.#place.clientWidth;
    fill(
      this.#place,
      drawStepMap(this.#series, this.#rows, this.#columns, {
        width: this.#width,
        isNarrow: innerWidth <= NARROW,
        id: 'live-map',
        isLive: true,
        most: state.rows === 'all' ? Infinity : MOST_ROWS,
      }),
    );
    (find('by') as HTMLSelectElement).value = this.#by;
    this.#mark(state);
  }

  /** Rows without a tensor that fits the search step back; the head of the chosen step is marked. */
  #mark(state: SeriesState): void {
    const { q } = state;
    const fitting = new Set(this.#table.rows);
    const isAll = q.trim() === '' || fitting.size === 0;
    fill(
      find('chosen'),
      q === ''
        ? this.#hint
        : html`${formatNoun(fitting.size, 'tensor')} of ${formatCount(this.#series.count)} · <a href="#tensors">show</a> · <button class="link" data-clear>all</button>`,
    );
    for (const group of this.#place.querySelectorAll<SVGGElement>('g[data-row]')) {
      const isOn = isAll || this.#rows[Number(group.dataset['row'])]?.tensors.some((row) => fitting.has(row)) === true;
      for (const cell of group.querySelectorAll('.cell')) cell.classList.toggle('off', !isOn);
    }
    const step = readStep(state, this.#series.steps.length) - 1;
    for (const head of this.#place.querySelectorAll<SVGElement>('[data-head]')) {
      const column = this.#columns[Number(head.dataset['head'])];
      head.classList.toggle('here', state.step !== '' && column !== undefined && step >= column.first && step <= column.last);
    }
  }

  #hear(): void {
    const store = this.#store;
    const place = this.#place;
    onPress(place, '[data-row-label]', ({ dataset: { rowLabel } }) => this.#pressRow(Number(rowLabel)));
    onPress(place, '[data-head], [data-col]', ({ dataset: { head, col } }) => this.#pressColumn(Number(head ?? col)));
    onPress(find('map'), '[data-clear]', () => store.change({ q: '' }));
    onPress(place, '[data-all-rows]', () => store.change({ rows: 'all' }));
    find('by').addEventListener('change', ({ target }) => {
      if (target instanceof HTMLSelectElement) store.change({ by: target.value, rows: '' });
    });
    followPointer(place, (event) => {
      const head = around(event, '[data-head]')?.dataset['head'];
      if (head !== undefined) return this.#describeColumn(Number(head));
      const column = around(event, '[data-col]')?.dataset['col'];
      const row = this.#rows[Number(around(event, '[data-row]')?.dataset['row'])];
      return column === undefined || row === undefined ? '' : describeCell(this.#series, row, this.#columns, Number(column));
    });
    place.addEventListener('keydown', (event) => {
      if (event.target instanceof SVGElement) this.#moveCursor(event);
    });
  }

  #describeColumn(at: number): string {
    const column = this.#columns[at];
    if (column === undefined) return '';
    return column.first === column.last ? describeStep(this.#series, column.first + 1) : nameSteps(this.#series, column);
  }

  #pressRow(at: number): void {
    const { q } = this.#store.state;
    const rest = takeTerm(q, ...TERMS, ...(this.#pressed === '' ? [] : [this.#pressed]));
    const terms = this.#rows[at]?.terms ?? [];
    const next = terms.reduce(putTerm, rest);
    this.#pressed = terms.at(-1) ?? '';
    // Pressed once more, everything is there again.
    this.#store.change({ q: next === q ? rest : next });
    speak(`${formatNoun(this.#table.rows.length, 'tensor')}.`);
  }

  /** Sorts the table by the last step of a column; pressed once more, it is as at first. */
  #pressColumn(at: number): void {
    const step = String((this.#columns[at]?.last ?? 0) + 1);
    const { state } = this.#store;
    const isAgain = state.step === step && state.sort === 'step:desc';
    this.#store.change(isAgain ? { step: '', sort: 'start:desc' } : { step, sort: 'step:desc' });
    speak(isAgain ? 'Sorted by distance from the start.' : `Sorted by step ${step}.`);
  }

  #moveCursor(event: KeyboardEvent): void {
    const cursor = this.#cursor;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#pressColumn(cursor.column);
      return;
    }
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [];
    if (down === undefined || right === undefined) return;
    event.preventDefault();
    const within = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
    const shown = this.#place.querySelectorAll('g[data-row]');
    cursor.row = within(cursor.row + down, shown.length);
    cursor.column = within(cursor.column + right, this.#columns.length);
    this.#place.querySelector('.cell.on')?.classList.remove('on');
    shown[cursor.row]?.querySelector(`[data-col="${cursor.column}"]`)?.classList.add('on');
    const row = this.#rows[cursor.row];
    if (row !== undefined) speak(describeCell(this.#series, row, this.#columns, cursor.column));
  }
}
