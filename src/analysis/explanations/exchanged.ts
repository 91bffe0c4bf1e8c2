import { formatCount } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { cutName } from '../where/words.ts';
import { countPlaced, type Story } from './story.ts';

/** In fewer elements two tensors may have the same statistics by chance. */
const FEWEST_ELEMENTS = 256;
/** Pairs that a sentence names, and the evidence. */
const NAMED = 2;
const LISTED = 20;

/**
 * Tensors whose every statistic is that of an old tensor with another name: exchanged projections, and experts that were renumbered. Sums
 * over the same values in the same order are the same to the last bit.
 */
export const explainExchange: Explain = (story, open) => {
  // Only what bears no likeness to the tensor of its name is looked for elsewhere.
  const unlike = open.filter((row) => row.elements >= FEWEST_ELEMENTS && row.change > LEAST);
  if (unlike.length === 0) return [];
  const origins = new Map<string, TensorRow | null>();
  for (const row of story.rows) {
    if (row.oldShape === null || !(row.oldNorm > 0)) continue;
    const key = fingerprint(row, 'old');
    // What two old tensors have in common says nothing of where it went.
    origins.set(key, origins.has(key) ? null : row);
  }
  const found = unlike.flatMap((row) => {
    const origin = origins.get(fingerprint(row, 'new'));
    return origin === undefined || origin === null || origin === row ? [] : [{ row, origin }];
  });
  return found.length === 0 ? [] : [describe(story, found)];
};

/** Change from which a tensor may be another one: two that have nothing to do with each other are at 1.41. */
const LEAST = 0.5;

function fingerprint(row: TensorRow, side: 'old' | 'new'): string {
  const { mean, std, min, max, zeros } = row.readSide(side);
  const [norm, shape, dtype] =
    side === 'old' ? [row.oldNorm, row.oldShape, row.oldDtype] : [row.newNorm, row.newShape, row.newDtype];
  return [dtype, shape?.join('x'), norm, mean, std, min, max, zeros].join(' ');
}

function describe(story: Story, found: readonly { readonly row: TensorRow; readonly origin: TensorRow }[]): Claim {
  const rows = found.map(({ row }) => row);
  const shorten = (name: string): string => cutName(name.replaceAll(/^model\.|\.weight$/gu, ''));
  const named = found.slice(0, NAMED).map(({ row, origin }) => `${shorten(row.name)} the old ${shorten(origin.name)}`);
  const rest = found.length - named.length;
  const list = rest > 0 ? [...named, `${formatCount(rest)} more`] : named;
  return {
    code: 'exchanged',
    rows,
    sentence: `same weights under other names: ${countPlaced(story, rows)} ${rows.length === 1 ? 'equals another old tensor' : 'equal other old tensors'} in every statistic (${joinWords(list)})`,
    evidence: { tensors: rows.length, pairs: found.slice(0, LISTED).map(({ row, origin }) => [row.name, origin.name]) },
  };
}
