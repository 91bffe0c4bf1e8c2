import { chooseTicks } from './ticks.ts';

/** How values are placed between the bottom and the top of a chart. */
export interface Scale {
  readonly ticks: readonly number[];
  /** 0 at the bottom, 1 at the top. */
  readonly place: (value: number) => number;
  readonly isLogarithmic: boolean;
}

/** Above this ratio of the largest to the smallest positive value, equal factors get equal room. */
const LOGARITHMIC_FROM = 100;

/** A scale from 0, or a logarithmic one where the values differ too much for it. Zeros stand at the bottom. */
export function scaleSizes(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const largest = positive.reduce((most, value) => Math.max(most, value), 0);
  const smallest = positive.reduce((least, value) => Math.min(least, value), Infinity);
  if (!(largest / smallest > LOGARITHMIC_FROM)) {
    const ticks = chooseTicks(largest, 4);
    const top = ticks.at(-1) ?? 1;
    return { ticks, place: (value) => value / top, isLogarithmic: false };
  }
  const bottom = Math.floor(Math.log10(smallest));
  const top = Math.ceil(Math.log10(largest));
  const every = Math.ceil((top - bottom) / 6);
  const ticks = Array.from({ length: Math.floor((top - bottom) / every) + 1 }, (_, index) => 10 ** (bottom + index * every));
  const place = (value: number): number => (value > 0 ? (Math.log10(value) - bottom) / (top - bottom) : 0);
  return { ticks, place, isLogarithmic: true };
}

/** The scale of cosines: -1 to 1. */
export const COSINE_SCALE: Scale = {
  ticks: [-1, -0.5, 0, 0.5, 1],
  place: (value) => (value + 1) / 2,
  isLogarithmic: false,
};
