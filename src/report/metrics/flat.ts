/** Flat numbers under the names that experiment trackers take: letters, digits, `_`, `-` and `.`, with `/` between parts. */
export class FlatMetrics {
  readonly #values = new Map<string, number>();
  /** The last number behind a key that was asked for more than once. */
  readonly #asked = new Map<string, number>();

  /** Takes a number; what is none, or not finite, is left out. The parts of a name may come from files. */
  put(name: string | readonly string[], value: number | null | undefined): void {
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    const key = typeof name === 'string' ? name : name.map(spellPart).join('/');
    // Two names that read the same stay two.
    let times = this.#asked.get(key) ?? 1;
    let own = key;
    while (this.#values.has(own)) {
      times += 1;
      own = `${key}_${times}`;
    }
    this.#asked.set(key, times);
    this.#values.set(own, value);
  }

  /** As JSON, one line a number. */
  *write(): Generator<string> {
    yield '{';
    let before = '';
    for (const [key, value] of this.#values) {
      yield `${before}\n  ${JSON.stringify(key)}: ${value}`;
      before = ',';
    }
    yield '\n}\n';
  }
}

/** Trackers take names of up to 250 characters. */
const LONGEST_PART = 100;

function spellPart(part: string): string {
  return part.replace(/[^\w.-]/g, '_').slice(-LONGEST_PART) || '_';
}
