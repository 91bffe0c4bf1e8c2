import type { ResizedTensor } from '../comparison/summary.ts';
import { formatCount, formatNoun, formatPercent } from '../wording/numbers.ts';
import { joinWords, listNames } from '../wording/sentences.ts';
import { isTelling } from './where/words.ts';

/** Embeddings and heads that gained or lost rows, and what became of those that both sides have: one sentence for each pair of sizes. */
export function describeResized(resized: readonly ResizedTensor[]): string[] {
  const groups = new Map<string, ResizedTensor[]>();
  for (const one of resized) {
    const key = `${one.oldRows} ${one.newRows}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => {
    const [{ oldRows, newRows, commonRows }] = group as [ResizedTensor];
    const rows = formatNoun(Math.abs(newRows - oldRows), 'row');
    const verb = newRows > oldRows ? 'gained' : 'lost';
    const names = listNames([...new Set(group.map(({ name }) => shorten(name)))]);
    const common = `the ${formatNoun(commonRows, 'common row')}`;
    return `${names} ${verb} ${rows} (${formatCount(oldRows)} to ${formatCount(newRows)}); ${common} ${describeCommon(group)}`;
  });
}

function describeCommon(group: readonly ResizedTensor[]): string {
  if (group.every(({ identical }) => identical)) return group[0]?.commonRows === 1 ? 'is identical' : 'are identical';
  const sizes = group.map(({ relativeChange }) => relativeChange);
  const isMeasured = sizes.every((size) => size !== null && size > 0);
  const by = isMeasured ? ` by ${joinWords(sizes.map((size) => formatPercent(size)))}` : '';
  return `changed${by}`;
}

/** The module of a table, where that tells it. */
function shorten(name: string): string {
  const module =
    name
      .replace(/\.(?:weight|bias)$/u, '')
      .split('.')
      .at(-1) ?? '';
  return isTelling(module) ? module : name;
}
