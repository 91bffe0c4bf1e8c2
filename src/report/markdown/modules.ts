import { formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { listModules } from '../modules.ts';
import type { Report } from '../report.ts';
import type { MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';

/** Change by module, the largest first. */
export function writeModules({ columns }: Report, rows: number): MarkdownBlock {
  const modules = listModules(columns);
  const changed = modules.filter(({ isIdentical }) => !isIdentical);
  const still = modules.length - changed.length;
  const lines = changed
    .slice(0, rows)
    .map(
      ({ name, change, tensors, changed: own }) =>
        `| ${codeName(name)} | ${formatPercent(change, 3)} | ${formatCount(own)} of ${formatCount(tensors)} |`,
    );
  return {
    title: `Modules${still === 0 ? '' : `: ${formatNoun(changed.length, 'changed', 'changed')}, ${formatCount(still)} identical`}`,
    head: ['| module | change | changed tensors |', '| --- | ---: | ---: |'],
    lines,
    total: changed.length,
    noun: 'module',
    asItem: (text) => `\n${text}`,
    isFolded: false,
  };
}
