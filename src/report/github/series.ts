import { explainSeries } from '../../series/details.ts';
import type { SeriesResult } from '../../series/types.ts';
import { describeGroup, groupEvents } from '../event-groups.ts';
import { type Annotation, writeAnnotations } from './annotation.ts';

/** The series as annotations of GitHub Actions: a warning a serious event, and the verdict. */
export function writeSeriesGithub(series: SeriesResult): string {
  const { checkpoints, verdict } = series;
  const names = [checkpoints[0], checkpoints.at(-1)].map((checkpoint) => checkpoint?.name ?? '');
  const events = groupEvents(series).filter(({ severity }) => severity !== 'info');
  return writeAnnotations([
    ...events.map((group): Annotation => ({
      level: 'warning',
      title: `At ${checkpoints[group.step]?.name ?? `step ${group.step}`}`,
      lines: [describeGroup(group)],
    })),
    { level: 'notice', title: names.join(' → '), lines: [verdict, explainSeries(series)].filter((line) => line !== '') },
  ]);
}
