import { formatNoun, formatPercent } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { groupChange } from '../overall.ts';
import { sortAscending } from '../sort-ascending.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import type { Story } from './story.ts';

/** Relative errors up to which a difference is the rounding of so many bits: twice what schemes make of normal weights. */
const MOST_ERROR: Readonly<Record<string, number>> = { 8: 0.08, 6: 0.15, 5: 0.15, 4: 0.3, 3: 0.5, 2: 0.9 };
/** A tensor further away than this many medians was changed by more than rounding. */
const APART = 3;

/** Weights that a side stores quantised, read as what they stand for: rounded, as far as their distance is that of rounding. */
export const explainStoredQuantisation: Explain = (story, open) => {
  const groups = new Map<string, TensorRow[]>();
  for (const row of open) {
    const [old, newer] = [schemeOf(row.oldDtype), schemeOf(row.newDtype)];
    if ((old === '' && newer === '') || row.change > mostError(old) + mostError(newer)) continue;
    const key = `${old}\n${newer}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].flatMap(([key, rows]) => {
    const median = sortAscending(rows.map(({ change }) => change))[Math.floor(rows.length / 2)] ?? 0;
    const near = rows.filter(({ change }) => change <= APART * median);
    return near.length === 0 ? [] : [describe(story, key.split('\n') as [string, string], near)];
  });
};

/** The scheme of a quantised tensor, the words of its type: `gptq int4 g128`. Other types are one word. */
function schemeOf(dtype: string): string {
  return dtype.includes(' ') ? dtype : '';
}

function mostError(scheme: string): number {
  const bits = /(?:int|fp|nf)(\d)/.exec(scheme)?.[1];
  return scheme === '' ? 0 : (MOST_ERROR[bits ?? ''] ?? 0);
}

function describe(story: Story, [old, newer]: [string, string], rows: readonly TensorRow[]): Claim {
  const error = groupChange(rows);
  const [worst] = [...rows].sort((a, b) => b.change - a.change || (a.name < b.name ? -1 : 1));
  const tail =
    rows.length > 1 && worst !== undefined
      ? `, worst ${worst.name.replace(/^model\.|\.weight$/g, '')} ${formatPercent(worst.change)}`
      : '';
  const side = newer === '' ? 'old' : 'new';
  const kept = story.weights.filter((row) => row.changeType !== (side === 'new' ? 'removed' : 'added') && isPlain(row, side));
  return {
    code: 'quantised',
    rows,
    sentence: `${words(old, newer)}: error ${formatPercent(error)}${tail}${describeKept(kept, side)}`,
    evidence: {
      grid: newer === '' ? old : newer,
      side,
      error,
      sqnr: error > 0 ? -20 * Math.log10(error) : null,
      worst: worst?.name ?? null,
      worstError: worst?.change ?? null,
      tensors: rows.length,
      kept: kept.length,
    },
    isForm: true,
  };
}

function words(old: string, newer: string): string {
  if (old === '') return `same weights, rounded to ${newer}`;
  if (newer === '') return `same weights: the old ones are rounded to ${old}, the new ones are not`;
  return old === newer
    ? `both sides are rounded to ${old}, differently`
    : `same weights, rounded to ${old} before and to ${newer} now`;
}

function isPlain(row: TensorRow, side: 'old' | 'new'): boolean {
  return schemeOf(side === 'old' ? row.oldDtype : row.newDtype) === '';
}

/** Weights that stayed as they were: `; 12 tensors kept in bf16`. */
function describeKept(rows: readonly TensorRow[], side: 'old' | 'new'): string {
  if (rows.length === 0) return '';
  const types = [...new Set(rows.map((row) => (side === 'old' ? row.oldDtype : row.newDtype)))].sort();
  return `; ${formatNoun(rows.length, 'tensor')} kept in ${joinWords(types)}`;
}
