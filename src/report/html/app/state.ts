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

/** The state of a page, and who wants to know of its changes. */
export class Store<Kept = State> {
  #state: Kept;
  readonly #listeners: ((state: Kept, before: Kept) => void)[] = [];

  constructor(state: Kept) {
    this.#state = state;
  }

  get state(): Kept {
    return this.#state;
  }

  /** Called after each change. */
  listen(listener: (state: Kept, before: Kept) => void): void {
    this.#listeners.push(listener);
  }

  change(change: Partial<Kept>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#state, before);
  }
}
