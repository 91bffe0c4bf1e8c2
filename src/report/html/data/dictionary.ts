import { NOWHERE } from './placed-tensors.ts';

/** Values in the order in which they came, each once. */
export class Dictionary<Value> {
  readonly values: Value[] = [];
  readonly #spell: (value: Value) => string;
  readonly #found = new Map<string, number>();

  constructor(spell: (value: Value) => string) {
    this.#spell = spell;
  }

  /** The place of a value, which it gets where it is new; null has none. */
  find(value: Value | null): number {
    if (value === null) return NOWHERE;
    const id = this.#spell(value);
    let at = this.#found.get(id);
    if (at === undefined) {
      at = this.values.push(value) - 1;
      this.#found.set(id, at);
    }
    return at;
  }
}
