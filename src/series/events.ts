import type { SeriesEvent, SeriesEventKind } from './types.ts';
import { placeKey, type SeriesAccumulator } from './accumulator.ts';
import { judgeJump } from './judge-jump.ts';

/** Gravest kind first. */
const ORDER: readonly SeriesEventKind[] = ['failed', 'non_finite', 'norm_jumped', 'jumped', 'codes', 'froze'];

/** Everything that happened, by step. */
export function findEvents(accumulator: SeriesAccumulator): SeriesEvent[] {
  const events = [...findFailures(accumulator), ...findTotalJumps(accumulator), ...findCodes(accumulator)];
  for (const tensor of accumulator.tensors.names.keys()) {
    const found = [findNonfinite(accumulator, tensor), ...findJumps(accumulator, tensor), findFreeze(accumulator, tensor)];
    events.push(...found.filter((event) => event !== null));
  }
  const rank = ({ kind, tensor }: SeriesEvent): number => ORDER.indexOf(kind) * 2 + (tensor === null ? 0 : 1);
  const rise = ({ value, reference }: SeriesEvent): number => (value ?? 0) / (reference ?? 1);
  // Where nothing else decides, the order of the names stays: the sort is stable.
  return events.sort((a, b) => a.step - b.step || rank(a) - rank(b) || rise(b) - rise(a) || 0);
}

const PLAIN = { tensor: null, value: null, reference: null, z: null, message: null } as const;

/** Tensors that could not be compared, once each. */
function findFailures({ failures }: SeriesAccumulator): SeriesEvent[] {
  const first = new Map(failures.toReversed().map((failure) => [failure.tensor, failure]));
  return [...first.values()].map(({ step, tensor, message }) => ({
    ...PLAIN,
    kind: 'failed',
    step,
    tensor,
    severity: 'critical',
    message,
  }));
}

/** Tensors that are stored as codes from a step on, once each. */
function findCodes({ codes }: SeriesAccumulator): SeriesEvent[] {
  return Array.from(codes, ([tensor, step]) => ({ ...PLAIN, kind: 'codes', step, tensor, severity: 'warning' }));
}

/** Jumps of the measured tensors as a whole. */
function findTotalJumps({ steps }: SeriesAccumulator): SeriesEvent[] {
  const sizes = steps.map((step) => step.relativeStep);
  const growths = [1, ...steps.map((step) => step.normGrowth)];
  return steps.flatMap(({ step, relativeStep, normGrowth }) => {
    const norm = judgeJump(growths, step);
    const size = judgeJump(sizes, step - 1);
    const found: (SeriesEvent | null)[] = [
      norm && { ...PLAIN, ...norm, kind: 'norm_jumped', step, severity: 'critical', value: normGrowth },
      size && { ...PLAIN, ...size, kind: 'jumped', step, severity: 'warning', value: relativeStep },
    ];
    return found.filter((event) => event !== null);
  });
}

/** The first checkpoint with NaN or Inf. */
function findNonfinite({ tensors, count, overflows }: SeriesAccumulator, tensor: number): SeriesEvent | null {
  const counts = [tensors.startNonfinite[tensor] ?? 0, ...tensors.nonfinite.subarray(tensor * count, (tensor + 1) * count)];
  const step = counts.findIndex((nonfinite) => nonfinite > 0);
  if (step < 0) return null;
  const name = tensors.names[tensor] ?? '';
  return {
    ...PLAIN,
    kind: 'non_finite',
    step,
    tensor: name,
    message: overflows.get(placeKey(step, name)) ?? null,
    severity: 'critical',
    value: counts[step] ?? null,
  };
}

function findJumps({ tensors, count }: SeriesAccumulator, tensor: number): SeriesEvent[] {
  const sizes = tensors.relativeStep.subarray(tensor * count, (tensor + 1) * count);
  const found: SeriesEvent[] = [];
  for (const [at, value] of sizes.entries()) {
    const jump = judgeJump(sizes, at);
    if (jump === null) continue;
    found.push({
      ...PLAIN,
      ...jump,
      kind: 'jumped',
      step: at + 1,
      tensor: tensors.names[tensor] ?? '',
      severity: 'warning',
      value,
    });
  }
  return found;
}

/** A matrix that rests for one step is frozen; a small tensor may rest by rounding and has to for two. */
const LEAST_REST = { matrix: 1, other: 2 };

/** The first of the steps without change that the series ends with, where there was change before. */
function findFreeze({ tensors, count }: SeriesAccumulator, tensor: number): SeriesEvent | null {
  const identical = tensors.identical.subarray(tensor * count, (tensor + 1) * count);
  const changed = identical.findLastIndex((same) => same === 0);
  const rest = count - 1 - changed;
  if (changed < 0 || rest < (tensors.isMeasured[tensor] === 1 ? LEAST_REST.matrix : LEAST_REST.other)) return null;
  if (tensors.nonfinite[(tensor + 1) * count - 1] !== 0 || !((tensors.stepSize[tensor * count + changed] ?? 0) > 0)) return null;
  return { ...PLAIN, kind: 'froze', step: changed + 2, tensor: tensors.names[tensor] ?? '', severity: 'info', value: rest };
}
