import { isOpenQuestion, type LeftOutDifference } from '../../comparison/left-out.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { listNames } from '../../wording/sentences.ts';
import { measureCells, wrapWords } from '../../wording/width.ts';
import { describeAllLeftOut, describeDifference, describeKind, describeSize } from '../left-out.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';
import { counted, type Section } from './sections.ts';

/** What was not compared: what could be weights on a line each, states of training on one. */
export function writeLeftOut({ summary }: Report, layout: Layout): Section[] {
  const words = describeAllLeftOut(summary);
  if (words === null) return [];
  const { weights, states, count } = words;
  const open = weights.filter(isOpenQuestion).length;
  const head = [layout.paint(open > 0 ? 'warn' : 'strong', `not compared: ${count}`)];
  const names = states.map(({ name }) => fitName(name, 60, layout));
  const trained = wrapWords(`state of training: ${listNames(names, 6)}`, layout.width - 4).map(
    (line) => `    ${layout.paint('dim', line)}`,
  );
  return [
    {
      id: 'left-out',
      isApart: true,
      head,
      items: weights.slice(0, layout.rows).map((one) => [describeOne(one, layout)]),
      grave: open,
      total: weights.length,
      name: counted('set of weights', 'sets of weights'),
    },
    {
      id: 'states',
      ...(weights.length === 0 && { isApart: true, head }),
      items: states.length === 0 ? [] : [trained],
      name: () => formatNoun(states.length, 'state of training', 'states of training'),
    },
  ];
}

function describeOne(one: LeftOutDifference, layout: Layout): string {
  const facts = [describeKind(one), describeSize(one, layout.glyphs.arrow), describeDifference(one)].filter(
    (fact) => fact !== '',
  );
  const text = facts.join('  ');
  const name = fitName(one.name, layout.width - measureCells(text) - 6, layout);
  const sign = isOpenQuestion(one) ? layout.paint('warn', layout.glyphs.shape) : layout.glyphs.identical;
  return `  ${sign} ${name}  ${layout.paint('dim', text)}`;
}
