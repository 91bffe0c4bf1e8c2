import { describeRise } from '../series/wording.ts';
import type { Severity } from '../checkpoint/types.ts';
import type { SeriesEvent, SeriesEventKind, SeriesResult } from '../series/types.ts';
import { formatCount, formatNoun, formatPercent } from '../wording/numbers.ts';

/** Events of one kind in one step. */
export interface EventGroup {
  readonly step: number;
  readonly kind: SeriesEventKind;
  readonly severity: Severity;
  /** The event of the measured tensors as a whole. */
  readonly whole: SeriesEvent | null;
  readonly tensors: readonly SeriesEvent[];
}

/** Events in their order, those of one kind and step together. */
export function groupEvents({ events }: SeriesResult): EventGroup[] {
  const groups = new Map<string, SeriesEvent[]>();
  for (const event of events) {
    const key = `${event.step} ${event.kind}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return [...groups.values()].map((group) => {
    const whole = group.find(({ tensor }) => tensor === null) ?? null;
    const [first] = group;
    return {
      step: first?.step ?? 0,
      kind: first?.kind ?? 'jumped',
      severity: first?.severity ?? 'info',
      whole,
      tensors: group.filter(({ tensor }) => tensor !== null),
    };
  });
}

/** What happened, without names. */
export function describeGroup({ kind, step, whole, tensors }: EventGroup): string {
  const count = formatNoun(tensors.length, 'tensor');
  switch (kind) {
    case 'non_finite':
      return step === 0 ? `NaN or Inf from the start in ${count}` : `NaN or Inf for the first time in ${count}`;
    case 'norm_jumped':
      return whole === null ? '' : `the norm rose to ${describeRise(whole)} the median before it`;
    case 'jumped':
      return whole === null
        ? `the relative step of ${count} jumped`
        : `the relative step jumped to ${formatPercent(whole.value)}, ${describeRise(whole)} the median before it${describeScore(whole)}${tensors.length === 0 ? '' : `; also that of ${count}`}`;
    case 'codes':
      return `${count} stored as codes, which are not compared by value`;
    case 'froze':
      return `no change from here on in ${count}`;
    case 'failed':
      return `${count} could not be compared`;
  }
}

/** What there is to say of one tensor of a group; a message may quote a file. */
export function describeTensorEvent(event: SeriesEvent): string {
  switch (event.kind) {
    case 'non_finite':
      return `${formatCount(event.value)} NaN or Inf${event.message === null ? '' : `, ${event.message}`}`;
    case 'jumped':
    case 'norm_jumped':
      return `${formatPercent(event.value)}, ${describeRise(event)}${describeScore(event)}`;
    case 'codes':
      return 'stored as codes';
    case 'froze':
      return `${formatNoun(event.value ?? 0, 'step')} without change`;
    case 'failed':
      return event.message ?? '';
  }
}

function describeScore({ z }: SeriesEvent): string {
  return z === null ? '' : `, z = ${z.toPrecision(2)}`;
}
