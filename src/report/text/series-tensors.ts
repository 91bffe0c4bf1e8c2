import type { SeriesResult } from '../../series/types.ts';
import { formatEvenPercent } from '../../wording/numbers.ts';
import { padCells } from '../../wording/width.ts';
import { rankTensors } from '../rank-series.ts';
import { formatTwoDigits } from '../step-columns.ts';
import { drawProfile } from './glyphs.ts';
import { fitName, type Layout, measureNames } from './layout.ts';
import { counted, type Section } from './sections.ts';
import { shortenNames } from './short-names.ts';

const TITLE = 'furthest from the start';
const MOST_MARKS = 20;

/** The tensors that went furthest, each with the sizes of its steps. */
export function writeSeriesTensors(series: SeriesResult, layout: Layout): Section {
  const { steps, tensors } = series;
  const shorten = shortenNames(tensors.names, layout);
  const size = Math.max(1, Math.ceil(steps.length / MOST_MARKS));
  const stepsTitle = size === 1 ? 'steps' : `steps, ${size} a mark`;
  const marks = Math.max(stepsTitle.length, Math.ceil(steps.length / size));
  const shown = rankTensors(series, layout.rows);
  const names = shown.map(({ name }) => fitName(shorten(name), layout.width - 24 - marks, layout));
  const cells = measureNames(names, TITLE);
  const items = shown.map(({ relativeDistance, straightness, relativeSteps }, at) => {
    const sizes = Array.from(relativeSteps, (step) => (Number.isFinite(step) ? step : 0));
    const profile = layout.paint('accent', drawProfile(sizes, size, layout.glyphs));
    return [
      `${padCells(names[at] ?? '', cells)}${formatEvenPercent(relativeDistance).padStart(9)}${formatTwoDigits(straightness).padStart(13)}  ${profile}`,
    ];
  });
  const head = `${padCells(TITLE, cells)}${'change'.padStart(9)}${'straightness'.padStart(13)}  ${stepsTitle}`;
  return {
    id: 'tensors',
    isApart: true,
    head: [layout.paint('dim', head)],
    items,
    total: tensors.names.length,
    name: counted('tensor'),
    isMain: true,
  };
}
