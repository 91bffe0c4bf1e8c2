/** Random numbers of one seed: the same on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly unit: () => number;
  readonly uniform: (low: number, high: number) => number;
  /** Uniform in the logarithm. */
  readonly logUniform: (low: number, high: number) => number;
  /** Integer in [low, high]. */
  readonly integer: (low: number, high: number) => number;
  readonly gaussian: () => number;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly chance: (probability: number) => boolean;
  /** `count` different items, in random order. */
  readonly sample: <T>(items: readonly T[], count: number) => T[];
}

/** SplitMix32 by Sebastiano Vigna, in the 32-bit form of Guy Steele's mixer. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const unit = (): number => next() / 2 ** 32;
  const uniform = (low: number, high: number): number => low + (high - low) * unit();
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(unit() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  return {
    unit,
    uniform,
    logUniform: (low, high) => Math.exp(uniform(Math.log(low), Math.log(high))),
    integer: (low, high) => low + Math.floor(unit() * (high - low + 1)),
    gaussian: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    pick,
    chance: (probability) => unit() < probability,
    sample: (items, count) => {
      const pool = [...items];
      return Array.from(
        { length: Math.min(count, pool.length) },
        () => pool.splice(Math.floor(unit() * pool.length), 1)[0],
      ).filter((item) => item !== undefined);
    },
  };
}
