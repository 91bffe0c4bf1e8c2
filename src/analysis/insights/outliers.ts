import { createNumbering } from '../block-numbering.ts';
import { median, robustDeviation } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import { formatFold, formatNoun } from '../../wording/numbers.ts';
import type { Explain } from './insight.ts';
import { areSameWeights } from './same-weights.ts';

/** A tensor is an outlier at this many times the median of its module over the blocks. */
const FOLD = 3;
/** And at this many robust standard deviations. */
const DEVIATIONS = 3;
/** Modules with fewer tensors have no median worth the name. */
const FEWEST = 5;

interface Outlier {
  readonly name: string;
  readonly fold: number;
}

/** Matrices that changed much more than the same matrix of other blocks, the trend over depth removed. */
export const explainOutliers: Explain = ({ measured, pattern, claims }) => {
  // Where few tensors changed, the first line names them.
  if (areSameWeights(claims) || pattern === null || pattern.pattern === 'sparse' || pattern.pattern === 'focused') return [];
  const outliers = findOutliers(measured.filter((row) => row.class.depth !== null && row.change > 0));
  if (outliers.length === 0) return [];
  const [first] = outliers;
  const examples = outliers.slice(0, 3).map(({ name, fold }) => `${name} (${formatFold(fold)})`);
  return [
    {
      code: 'tensors_out_of_line',
      category: 'layer_changes',
      title: 'Tensors Out of Line',
      description: `${formatNoun(outliers.length, 'tensor')} changed more than ${FOLD} times as much as the same tensor of other blocks: ${examples.join(', ')}${outliers.length > 3 ? ' and others' : ''}.`,
      severity: 'info',
      evidence: {
        count: outliers.length,
        largestFold: first?.fold ?? null,
        tensors: outliers.slice(0, 20).map(({ name, fold }) => [name, fold]),
      },
    },
  ];
};

function findOutliers(rows: readonly TensorRow[]): Outlier[] {
  const levels = rows.map((row) => Math.log(row.change));
  const modules = groupIndices(rows.map((row) => row.class.key));
  removeMedians(levels, modules);
  removeMedians(levels, groupIndices(rows.map(createNumbering())));
  const outliers: Outlier[] = [];
  for (const module of modules) {
    if (module.length < FEWEST) continue;
    const limit = Math.max(Math.log(FOLD), DEVIATIONS * robustDeviation(module.map((at) => levels[at] ?? 0)));
    for (const at of module) {
      const level = levels[at] ?? 0;
      if (level > limit) outliers.push({ name: rows[at]?.name ?? '', fold: Math.exp(level) });
    }
  }
  return outliers.sort((a, b) => b.fold - a.fold || (a.name < b.name ? -1 : 1));
}

/** Places of equal keys, in the order in which the keys first come. */
function groupIndices(keys: readonly unknown[]): readonly (readonly number[])[] {
  const groups = new Map<unknown, number[]>();
  for (let at = 0; at < keys.length; at += 1) {
    const group = groups.get(keys[at]);
    if (group === undefined) groups.set(keys[at], [at]);
    else group.push(at);
  }
  return [...groups.values()];
}

/** Takes the median of each group off its values. */
function removeMedians(values: number[], groups: readonly (readonly number[])[]): void {
  for (const group of groups) {
    const centre = median(group.map((at) => values[at] ?? 0));
    for (const at of group) values[at] = (values[at] ?? 0) - centre;
  }
}
