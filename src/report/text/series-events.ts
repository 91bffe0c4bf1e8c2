import type { SeriesResult } from '../../series/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatRest } from '../../wording/numbers.ts';
import { measureCells, wrapWords } from '../../wording/width.ts';
import { describeGroup, describeTensorEvent, type EventGroup, groupEvents } from '../event-groups.ts';
import { INDENT, TONES } from './insights.ts';
import { fitName, type Layout } from './layout.ts';
import { counted, type Section } from './sections.ts';

/** More names than these under one event hide the next event. */
const TENSORS_PER_EVENT = 5;

/** What happened, an event an item, with its tensors below. */
export function writeEvents(series: SeriesResult, layout: Layout): Section[] {
  const groups = groupEvents(series);
  return [
    {
      id: 'events',
      isApart: true,
      head: [layout.paint('strong', 'events')],
      items: groups.map((group) => writeEvent(series, group, layout)),
      details: groups.map((group) => writeTensors(group, layout)),
      name: counted('event'),
    },
  ];
}

function writeEvent({ checkpoints }: SeriesResult, group: EventGroup, layout: Layout): string[] {
  const place = fitName(checkpoints[group.step]?.name ?? '', 30, layout);
  const severity = layout.paint(TONES[group.severity], group.severity.padEnd(INDENT - 2));
  return wrapWords(`${place} (step ${group.step}): ${describeGroup(group)}`, layout.width - INDENT).map(
    (line, index) => `  ${index === 0 ? severity : ' '.repeat(INDENT - 2)}${line}`,
  );
}

function writeTensors({ tensors }: EventGroup, layout: Layout): string[] {
  const shown = tensors.slice(0, Math.min(layout.rows, TENSORS_PER_EVENT));
  const rest = formatRest(tensors.length - shown.length, 'tensor');
  const lines = shown.map((event) => {
    const note = escapeTerminal(describeTensorEvent(event));
    return `${fitName(event.tensor ?? '', layout.width - INDENT - 2 - measureCells(note), layout)}  ${layout.paint('dim', note)}`;
  });
  return [...lines, ...(rest === '' ? [] : [rest])].map((line) => ' '.repeat(INDENT) + line);
}
