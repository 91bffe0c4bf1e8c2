import type { SeriesProvenance } from '../../comparison/provenance.ts';
import type { SeriesCheckpoint, SeriesResult } from '../../series/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatCompact, formatNoun } from '../../wording/numbers.ts';
import { wrapWords } from '../../wording/width.ts';
import { describeSeriesOrigin } from '../provenance.ts';
import { finish, keepInSight } from './comparison.ts';
import { writeTitle } from './header.ts';
import { explainSeries } from '../../series/details.ts';
import { chooseLayout, type Layout, type TextOptions } from './layout.ts';
import { SERIES_ORDER } from './order.ts';
import { writeOrigin } from './provenance.ts';
import { arrange, type Section } from './sections.ts';
import { writeEvents } from './series-events.ts';
import { writeSteps } from './series-steps.ts';
import { writeSeriesTensors } from './series-tensors.ts';

/** The series for a terminal or a log. The line after the header is the verdict. */
export function writeSeriesText(
  series: SeriesResult,
  options: TextOptions = {},
  provenance: SeriesProvenance | null = null,
): string {
  const layout = chooseLayout(options);
  const verdict = escapeTerminal(series.verdict);
  const told = (layout.onTerminal ? wrapWords(verdict, layout.width) : [verdict]).map((line) => layout.paint('strong', line));
  const sections = [
    writeDetails(series, layout),
    ...writeSteps(series, layout),
    ...writeEvents(series, layout),
    writeSeriesTensors(series, layout),
  ];
  const lines = arrange([writeHeader(series, layout), ...told], sections, SERIES_ORDER, layout);
  return finish([...keepInSight(lines, told, layout), ...writeOrigin(describeSeriesOrigin(provenance), layout)], layout);
}

/** What the verdict leaves out. */
function writeDetails(series: SeriesResult, layout: Layout): Section {
  const words = escapeTerminal(explainSeries(series));
  const lines = layout.onTerminal ? wrapWords(words, layout.width) : [words];
  return { id: 'details', items: words === '' ? [] : [lines], name: () => 'details of the first line' };
}

/** `base → step-300   4 checkpoints, 57 tensors, 119k parameters`. */
function writeHeader({ checkpoints }: SeriesResult, layout: Layout): string {
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  const facts = [formatNoun(checkpoints.length, 'checkpoint'), ...(last === undefined ? [] : describeCheckpoint(last))];
  return writeTitle([first?.name ?? '', last?.name ?? ''], facts.join(', '), layout);
}

function describeCheckpoint({ tensors, parameters }: SeriesCheckpoint): string[] {
  return [formatNoun(tensors, 'tensor'), `${formatCompact(parameters)} ${parameters === 1 ? 'parameter' : 'parameters'}`];
}
