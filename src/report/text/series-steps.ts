import type { SeriesResult } from '../../series/types.ts';
import { findLargest } from '../../wording/numbers.ts';
import { measureCells, padCells, padLeft, wrapWords } from '../../wording/width.ts';
import { describeScope, DISPENSABLE, STEP_COLUMNS } from '../step-columns.ts';
import { fitName, type Layout } from './layout.ts';
import { counted, type Section } from './sections.ts';

/** Cells of a name that a column may be left out for. */
const READABLE_NAME = 24;

/** One line a checkpoint; the first has no step. Then what the numbers are of. */
export function writeSteps(series: SeriesResult, layout: Layout): Section[] {
  const { checkpoints, steps } = series;
  const numberCells = String(steps.length).length;
  const columns = STEP_COLUMNS.map(({ title, read }) => {
    const values = steps.map(read);
    return { title, values, width: Math.max(measureCells(title), findLargest(values.map((value) => measureCells(value)))) + 2 };
  });
  const widest = Math.max(
    'checkpoint'.length,
    findLargest(checkpoints.map(({ name }) => measureCells(fitName(name, 40, layout)))),
  );
  const dropped = new Set<string>();
  const room = (): number =>
    layout.width - numberCells - 2 - columns.reduce((sum, { title, width }) => sum + (dropped.has(title) ? 0 : width), 0);
  for (const title of DISPENSABLE) if (layout.onTerminal && room() < Math.min(widest, READABLE_NAME)) dropped.add(title);
  const nameCells = layout.onTerminal ? Math.min(widest, Math.max(room(), 8)) : widest;
  const shown = columns.filter(({ title }) => !dropped.has(title));
  const head = `${' '.repeat(numberCells)}  ${padCells('checkpoint', nameCells)}${shown.map(({ title, width }) => padLeft(title, width)).join('')}`;
  const items = checkpoints.map(({ name }, index) => {
    const values = index === 0 ? '' : shown.map(({ values: column, width }) => padLeft(column[index - 1] ?? '', width)).join('');
    return [`${String(index).padStart(numberCells)}  ${padCells(fitName(name, nameCells, layout), nameCells)}${values}`];
  });
  const narrow = dropped.size === 0 ? '' : ` A wider terminal also shows: ${[...dropped].join(', ')}.`;
  const note = describeScope(series) + narrow;
  const scope = layout.onTerminal ? wrapWords(note, layout.width) : [note];
  return [
    { id: 'steps', isApart: true, head: [layout.paint('dim', head)], items, keepsEnds: true, name: counted('checkpoint') },
    { id: 'scope', items: [scope.map((line) => layout.paint('dim', line))], name: () => 'a note on the numbers' },
  ];
}
