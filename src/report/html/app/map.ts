import { formatCount, formatNoun } from '../../../wording/numbers.ts';
import type { PageTensors } from '../data/page-tensors.ts';
import { NOWHERE } from '../data/placed-tensors.ts';
import {
  countStacks,
  FIRST_MEASURE,
  makeMap,
  type MapRow,
  MEASURES,
  type Measure,
  type Sums,
  type TowerMap,
} from '../view/cells.ts';
import { describe, drawMap, nameBlocks, nameCell } from '../view/map.ts';
import { html, type Markup } from '../view/markup.ts';
import { putTerm, quoteValue, takeTerm } from '../view/terms.ts';
import { around, fill, find, speak } from './dom.ts';
import type { State, Store } from './state.ts';
import type { Table } from './table.ts';
import { followPointer } from './tip.ts';

/** Widths of the labels and the bars beside the cells; the bars are not there on narrow screens. */
const BESIDE = { wide: 345, narrow: 140 };
const NARROW = 640;
/** Rows that are drawn until somebody asks for all. */
const MOST_ROWS = 60;

/** Terms that a press on the map puts in the place of. */
const PLACES = ['module=', 'module:', 'block:', 'layer:', 'stack:', 'tower:', 'expert:'];

/** A place on the map: a row, a column, or both. */
interface Spot {
  readonly row: MapRow | null;
  /** Place in the columns of the map. */
  readonly column: number | null;
}

/** The map of a tower, drawn for the room that it has; what is pressed becomes a search. */
export class TensorMap {
  readonly #tensors: PageTensors;
  readonly #store: Store;
  readonly #table: Table;
  readonly #place = find('maps');
  readonly #hint: Markup = html`${find('chosen').textContent}`;
  #map: TowerMap;
  readonly #isFixed: boolean;
  #width = 0;
  /** Where a range begins. */
  #anchor: Spot = { row: null, column: null };
  /** The cell at the keyboard. */
  readonly #cursor = { row: 0, column: 0 };

  constructor(tensors: PageTensors, store: Store, table: Table, isFixed: boolean) {
    this.#tensors = tensors;
    this.#store = store;
    this.#table = table;
    this.#isFixed = isFixed;
    this.#map = this.#make();
  }

  /** Draws the map, and hears what is done to it. */
  start(): void {
    const store = this.#store;
    if (!this.#isFixed) {
      this.#drawTabs();
      this.#draw();
      new ResizeObserver(() => {
        if (this.#place.clientWidth !== this.#width) this.#draw();
      }).observe(this.#place);
      store.listen((state, before) => {
        const isOther = state.tower !== before.tower || state.open !== before.open;
        if (isOther) this.#map = this.#make();
        if (isOther || state.show !== before.show || state.rows !== before.rows) this.#draw();
      });
    }
    store.listen((state) => this.#mark(state));
    this.#hear();
  }

  /** Place of the module whose experts have rows of their own; -1 for none. */
  get #opened(): number {
    const { open } = this.#store.state;
    return this.#tensors.towers[this.#tower]?.modules.findIndex(({ path }) => path === open) ?? -1;
  }

  get #tower(): number {
    const tower = Number(this.#store.state.tower);
    return tower in this.#tensors.towers ? tower : 0;
  }

  #make(): TowerMap {
    return makeMap(this.#tensors, this.#tower, this.#opened);
  }

  get #measure(): Measure {
    return MEASURES.find(({ key }) => key === this.#store.state.show) ?? FIRST_MEASURE;
  }

  #drawTabs(): void {
    const { towers } = this.#tensors;
    if (towers.length > 1)
      fill(find('towers'), html`${towers.map(({ name }, at) => html`<button data-tower="${at}">${name}</button>`)}`);
  }

  #draw(): void {
    const { state } = this.#store;
    this.#width = this.#place.clientWidth;
    const beside = this.#width < NARROW ? BESIDE.narrow : BESIDE.wide;
    const drawn = drawMap(this.#map, {
      measure: this.#measure,
      width: Math.max(160, this.#width - beside),
      id: 'live-map',
      label: `Map of ${this.#map.tower.name}`,
      isLive: true,
      hasTitles: false,
      most: state.rows === 'all' ? Infinity : MOST_ROWS,
      opened: this.#opened,
    });
    const { columns, tower } = this.#map;
    const joined = tower.columns.length > columns.length;
    fill(
      this.#place,
      html`${drawn}${joined ? html`<p class="note">${formatCount(tower.columns.length)} blocks in ${formatCount(columns.length)} columns.</p>` : null}`,
    );
    (find('measure') as HTMLSelectElement).value = this.#measure.key;
    for (const tab of find('towers').querySelectorAll<HTMLElement>('[data-tower]'))
      tab.setAttribute('aria-pressed', String(Number(tab.dataset['tower']) === this.#tower));
    this.#mark(state);
  }

  /** Cells without a tensor that fits the search step back. */
  #mark({ q }: State): void {
    const { places } = this.#tensors;
    const count = this.#table.rows.length;
    const isAll = q.trim() === '' || count === 0;
    fill(
      find('chosen'),
      q === ''
        ? this.#hint
        : html`${formatNoun(count, 'tensor')} of ${formatCount(this.#tensors.count)} · <a href="#tensors">show</a> · <button class="link" data-clear>all</button>`,
    );
    const inside = new Set<string>();
    if (!isAll) {
      const columnOf = new Map(
        this.#map.columns.flatMap(({ first, last }, at) =>
          Array.from({ length: last - first + 1 }, (_, step) => [first + step, at] as const),
        ),
      );
      for (const row of this.#table.rows) {
        if (places.tower[row] !== this.#tower) continue;
        const at = `${places.module[row]} ${columnOf.get(places.column[row] ?? NOWHERE) ?? 0}`;
        inside.add(`${at} `);
        const expert = places.expert[row] ?? NOWHERE;
        if (expert !== NOWHERE) inside.add(`${at} ${expert}`);
      }
    }
    for (const group of this.#place.querySelectorAll<SVGGElement>('g[data-row]')) {
      const { row = '', expert = '' } = group.dataset;
      for (const cell of group.querySelectorAll<SVGElement>('[data-col]'))
        cell.classList.toggle('off', !isAll && !inside.has(`${row} ${cell.dataset['col']} ${expert}`));
    }
  }

  #hear(): void {
    const store = this.#store;
    find('map').addEventListener('click', (event) => {
      const tower = around(event, '#towers [data-tower]')?.dataset['tower'];
      if (tower !== undefined) store.change({ tower, open: '', q: takeTerm(store.state.q, ...PLACES) });
      const opened = around(event, '[data-open]')?.dataset['open'];
      if (opened !== undefined) {
        store.change({ open: this.#opened === Number(opened) ? '' : (this.#map.tower.modules[Number(opened)]?.path ?? '') });
        this.#place.querySelector<HTMLElement>(`[data-open="${opened}"]`)?.focus();
      } else if (around(event, '[data-all-modules]') !== null) store.change({ rows: 'all' });
      else if (around(event, '[data-clear]') !== null) store.change({ q: '' });
      else {
        const spot = this.#spotOf(event);
        if (spot !== null) this.#press(spot, event.shiftKey);
      }
    });
    find('measure').addEventListener('change', ({ target }) => {
      if (target instanceof HTMLSelectElement) store.change({ show: target.value });
    });
    followPointer(this.#place, (event) => {
      const spot = this.#spotOf(event);
      return spot === null ? '' : this.#describe(spot);
    });
    this.#place.addEventListener('keydown', (event) => {
      if (event.target instanceof SVGElement) this.#moveCursor(event);
    });
  }

  /** What an event is on: a cell, the head of a column, or the label of a row. */
  #spotOf(event: Event): Spot | null {
    const label = around(event, '[data-row-label]');
    if (label !== null) return { row: this.#findRow(label.dataset['rowLabel'], label.dataset['expert']), column: null };
    const head = around(event, '[data-depth]')?.dataset['depth'];
    if (head !== undefined) return { row: null, column: Number(head) };
    const column = around(event, '[data-col]')?.dataset['col'];
    const group = around(event, '[data-row]');
    if (column === undefined || group === null) return null;
    return {
      row: this.#findRow(group.dataset['row'], group.dataset['expert']),
      column: this.#map.columns.length === 0 ? null : Number(column),
    };
  }

  #findRow(at: string | undefined, expert: string | undefined): MapRow | null {
    const isIt = (row: MapRow): boolean => row.at === Number(at) && String(row.expert ?? '') === (expert ?? '');
    return [...this.#map.rows, ...this.#map.outside].find(isIt) ?? null;
  }

  #sumsAt({ row, column }: Spot): Sums | null {
    if (row === null) return column === null ? null : (this.#map.profile[column] ?? null);
    return column === null || row.module.isOutside ? row.total : (row.cells[column] ?? null);
  }

  #describe(spot: Spot): string {
    const sums = this.#sumsAt(spot);
    // A page that holds a part of the tensors knows no sums.
    if (sums === null || this.#isFixed) return '';
    const column = spot.column === null ? undefined : this.#map.columns[spot.column];
    const blocks = column === undefined ? null : nameBlocks(this.#map.tower, column);
    return `${spot.row === null ? (blocks ?? '') : nameCell(spot.row, blocks)}: ${describe(sums, this.#measure)}`;
  }

  /** Makes a search of a place, or of all places from the last one on. */
  #press(spot: Spot, isRange: boolean): void {
    const { q } = this.#store.state;
    const from = isRange ? this.#anchor : spot;
    if (!isRange) this.#anchor = spot;
    const terms = [...this.#termsOfRows(from.row, spot.row), ...this.#termsOfColumns(from.column, spot.column)];
    if (this.#tensors.towers.length > 1) terms.unshift(`tower:${quoteValue(this.#map.tower.name)}`);
    const rest = takeTerm(q, ...PLACES);
    const next = terms.reduce(putTerm, rest);
    // Pressed once more, everything is there again.
    this.#store.change({ q: next === q ? rest : next });
    speak(`${this.#describe(spot)}. ${formatNoun(this.#table.rows.length, 'tensor')}.`);
  }

  #termsOfRows(from: MapRow | null, to: MapRow | null): string[] {
    if (from === null || to === null) return [];
    const rows = [...this.#map.outside, ...this.#map.rows];
    const [first, last] = [rows.indexOf(from), rows.indexOf(to)].sort((a, b) => a - b);
    const chosen = rows.slice(first, (last ?? 0) + 1);
    const modules = [...new Set(chosen.map(({ module }) => module.path))];
    const terms = [`module=${quoteValue(modules.join(','))}`];
    const experts = chosen.flatMap(({ expert }) => expert ?? []);
    if (experts.length === chosen.length) terms.push(`expert:${[...new Set(experts)].join(',')}`);
    if (chosen.every(({ module }) => module.isOutside) && this.#map.columns.length > 0) terms.push('block:none');
    return terms;
  }

  #termsOfColumns(from: number | null, to: number | null): string[] {
    if (from === null || to === null) return [];
    const { columns, tower } = this.#map;
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    const blocks = tower.columns.slice(columns[first]?.first ?? 0, (columns[last]?.last ?? 0) + 1);
    // A range ends with its stack.
    const stack = tower.columns[columns[to]?.first ?? 0]?.stack ?? '';
    const depths = blocks.filter((block) => block.stack === stack).map(({ depth }) => depth);
    const terms = [`block:${[...new Set([depths[0], depths.at(-1)])].join('-')}`];
    if (countStacks(tower.columns) > 1) terms.unshift(`stack:${quoteValue(stack)}`);
    return terms;
  }

  #moveCursor(event: KeyboardEvent): void {
    const hasBlocks = this.#map.columns.length > 0;
    const rows = hasBlocks ? this.#map.rows : this.#map.outside;
    const cursor = this.#cursor;
    const spot = (): Spot => ({ row: rows[cursor.row] ?? null, column: hasBlocks ? cursor.column : null });
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [];
    const isPressed = event.key === 'Enter' || event.key === ' ';
    if (down === undefined && !isPressed) return;
    event.preventDefault();
    if (isPressed) {
      this.#press(spot(), event.shiftKey);
      return;
    }
    const within = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
    cursor.row = within(cursor.row + (down ?? 0), rows.length);
    cursor.column = within(cursor.column + (right ?? 0), this.#map.columns.length || 1);
    this.#place.querySelector('.cell.on')?.classList.remove('on');
    const { at, expert } = rows[cursor.row] ?? { at: -1, expert: null };
    this.#place
      .querySelector(`g[data-row="${at}"][data-expert="${expert ?? ''}"] [data-col="${cursor.column}"]`)
      ?.classList.add('on');
    speak(this.#describe(spot()) || 'nothing here');
  }
}
