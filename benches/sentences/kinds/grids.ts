/** Weights on the grids of quantisations: on both sides, trained from there, or not rounded to the nearest. */
import { isBody } from '../model.ts';
import { IDENTICAL, type Kind, pair, SAME, TRAINING, tune } from './kind.ts';
import { int4, largest, quantise, rowLength } from './roundings.ts';

const isWide: Kind['applies'] = ({ name }) => name !== 'ResNet';

/** Sixteen levels from the smallest to the largest value. */
function uint4(values: number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const scale = (high - low) / 15;
  const zero = Math.round(-low / scale);
  return values.map((value) =>
    scale === 0 ? value : (Math.min(15, Math.max(0, Math.round(value / scale) + zero)) - zero) * scale,
  );
}

/** Sixteen levels that lie nearer together about zero, as nf4's. */
function skewed4(values: number[]): number[] {
  const scale = largest(values);
  const levels = Array.from({ length: 16 }, (_, at) => Math.sign(at - 7.5) * (Math.abs(at - 7.5) / 7.5) ** 1.4 * scale);
  const nearest = (value: number): number =>
    levels.reduce((best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best));
  return values.map(nearest);
}

export const GRID_KINDS: readonly Kind[] = [
  {
    name: '4 bits a row, of whole steps',
    applies: isWide,
    make: (base) => pair(base, quantise(base, rowLength, uint4), [SAME, /rounded to 4 bits/], [IDENTICAL, TRAINING, /fp8|int8/]),
  },
  {
    name: 'two quantisations of one model',
    applies: isWide,
    make: (base) =>
      pair(
        quantise(base, rowLength, uint4),
        quantise(base, rowLength, skewed4),
        [/both sides .* lie on grids of 4 bits or fewer/i, /bit-identical/],
        [IDENTICAL, TRAINING, /^same weights/i, /mask/],
      ),
  },
  {
    name: 'trained from dequantised weights',
    applies: isWide,
    make: (base, random) => {
      const old = quantise(base, () => 32, int4);
      return pair(
        old,
        tune(old, random, 0.3, isBody),
        [/changed/, /(29|30|31)%/, /old weights lie on a grid of 4 bits/],
        [IDENTICAL, SAME, /equal within|mask/],
      );
    },
  },
  {
    name: '4 bits, not to the nearest value',
    applies: isWide,
    make: (base, random) =>
      pair(
        base,
        quantise(tune(base, random, 0.12, isBody), () => 32, int4),
        [/rounded to 4 bits or fewer/i, /not always to the nearest value/],
        [IDENTICAL, SAME, /equal within/],
      ),
  },
];
