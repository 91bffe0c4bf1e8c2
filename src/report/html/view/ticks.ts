import { formatFold } from '../../../wording/numbers.ts';

/** Round values from 0 to at least `top`, about `count` steps of 1, 2 or 5 times a power of ten. */
export function chooseTicks(top: number, count: number): number[] {
  if (!(top > 0) || !Number.isFinite(top)) return [0, 1];
  const rough = top / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, index) => index * step);
}

/** A round relative change in as few digits as it has: `5%`, `0.002%`, `10×`. */
export function formatTick(tick: number): string {
  if (tick >= 10) return formatFold(tick);
  return tick !== 0 && tick < 1e-6 ? tick.toExponential(0) : `${Number((tick * 100).toPrecision(3))}%`;
}
