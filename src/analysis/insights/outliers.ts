import { createNumbering } from '../block-numbering.ts';
import { median, robustDeviation } from '../statistics.ts';
import type { TensorRow } from '../tensor-row.ts';
import { formatFold, formatNoun } from '../wording.ts';
import type { Explain } from './insight.ts';

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
export const explainOutliers: Explain = ({ measured, pattern }) => {
  // Where the pattern is that few tensors changed, they are the finding already.
  if (pattern === null || pattern.pattern === 'sparse' || pattern.pattern === 'focused') return [];
  const outliers = findOutliers(measured.filter((row) => row.class.depth !== null && row.change > 0));
  if (outliers.length === 0) return [];
  const [first] = outliers;
  const examples = outliers.slice(0, 3).map(({ name, fold }) => `${name} (${formatFold(fold)})`);
  return [
    {
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
  const levels = rows.map((row) => ({ row, level: Math.log(row.change) }));
  const centres = medians(levels.map(({ row, level }) => [row.class.key, level]));
  const centred = levels.map(({ row, level }) => ({ row, level: level - (centres.get(row.class.key) ?? level) }));
  const blockOf = createNumbering();
  const trend = medians(centred.map(({ row, level }) => [blockOf(row), level]));
  const residuals = new Map<string, { readonly row: TensorRow; readonly level: number }[]>();
  for (const { row, level } of centred) {
    const residual = { row, level: level - (trend.get(blockOf(row)) ?? 0) };
    const list = residuals.get(row.class.key);
    if (list === undefined) residuals.set(row.class.key, [residual]);
    else list.push(residual);
  }
  const outliers: Outlier[] = [];
  for (const list of residuals.values()) {
    if (list.length < FEWEST) continue;
    const limit = Math.max(Math.log(FOLD), DEVIATIONS * robustDeviation(list.map(({ level }) => level)));
    for (const { row, level } of list) if (level > limit) outliers.push({ name: row.name, fold: Math.exp(level) });
  }
  return outliers.sort((a, b) => b.fold - a.fold || (a.name < b.name ? -1 : 1));
}

function medians<K>(pairs: readonly (readonly [K, number])[]): Map<K, number> {
  const groups = new Map<K, number[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return new Map([...groups].map(([key, values]) => [key, median(values)]));
}
