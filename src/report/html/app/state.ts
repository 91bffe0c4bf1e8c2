/**
 * What the reader has chosen, in the words in which the address has it, so that a copied link shows the same. Whoever reads a field takes
 * what makes no sense for what is there at first.
 */
export interface State {
  /** Text of the search box. */
  readonly q: string;
  /** Key of a column, and `desc` or `asc`: `rel:desc`. */
  readonly sort: string;
  /** Keys of the columns of the table, with commas between them. */
  readonly columns: string;
  /** Name of the tensor that the drawer shows; '' for none. */
  readonly t: string;
  /** Key of the measure that the map shows. */
  readonly show: string;
  /** Number of the tower whose map is shown. */
  readonly tower: string;
  /** Path of the module of that tower whose experts have rows of their own; '' for none. */
  readonly open: string;
  /** `all` where the map has a row for every module, however many there are. */
  readonly rows: string;
}

type Listener = (state: State, before: State) => void;

/** The state, and who wants to know of its changes. */
export class Store {
  #state: State;
  readonly #listeners: Listener[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  /** Called after each change. */
  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  change(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#state, before);
  }
}
