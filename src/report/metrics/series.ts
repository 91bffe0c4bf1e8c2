import type { SeriesResult } from '../../series/types.ts';
import { toSnakeCase } from '../../wording/snake-case.ts';
import { FlatMetrics } from './flat.ts';

/** The numbers of the last step of a series as flat JSON for experiment trackers, in pieces. */
export function writeSeriesMetrics({ steps, events }: SeriesResult): Iterable<string> {
  const metrics = new FlatMetrics();
  for (const [field, value] of Object.entries(steps.at(-1) ?? {})) metrics.put(toSnakeCase(field), value as number | null);
  metrics.put('events', events.length);
  metrics.put('critical_events', events.filter(({ severity }) => severity === 'critical').length);
  return metrics.write();
}
