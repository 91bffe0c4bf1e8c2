import type { MovedBlocks } from '../../comparison/summary.ts';
import { formatCount, formatNoun } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { readMovedRows } from '../moved-blocks.ts';
import type { Explain } from './explanation.ts';

/** More runs of blocks than these are not listed. */
const MOST_RUNS = 8;

/** Blocks that are old ones, value by value, at another depth: merges of layers, and models that were made deeper or shallower. */
export const explainMovedBlocks: Explain = ({ rows, summary }, open) =>
  (summary.movedBlocks ?? []).map((moved) => {
    const { isMoved } = readMovedRows({ movedBlocks: [moved] });
    const isOpen = new Set(open);
    const accounted = rows.filter((row) => isMoved(row) && (row.changeType === 'added' || isOpen.has(row)));
    const isOneOfMany = (summary.movedBlocks?.length ?? 0) > 1;
    return {
      code: 'moved_blocks',
      rows: accounted,
      sentence: `same weights: ${describeMoved(moved, isOneOfMany)}`,
      evidence: { ...moved, tensors: accounted.length },
    };
  });

function describeMoved({ stack, blocks, changed, unused }: MovedBlocks, isOneOfMany: boolean): string {
  // Where all blocks are old ones the whole order is told, and else only what moved.
  const told = changed.length === 0 ? blocks : blocks.filter(([block, from]) => block !== from);
  const of = isOneOfMany ? ` of ${stack}` : '';
  const origins = listRuns(told.map(([, from]) => from));
  const where = origins ?? 'old ones in another order';
  const from = origins === null ? where : `the old ${told.length === 1 ? 'block' : 'blocks'} ${where}`;
  const names = listRuns(told.map(([block]) => block)) ?? formatCount(told.length);
  const subject =
    changed.length === 0
      ? `the ${formatNoun(told.length, 'block')}${of}`
      : `${told.length === 1 ? 'block' : 'blocks'} ${names}${of}`;
  const gone = changed.length === 0 && unused.length > 0 ? `; ${describeGone(unused)}` : '';
  return `${subject} ${told.length === 1 ? 'is' : 'are'} ${from}${gone}`;
}

function describeGone(unused: readonly number[]): string {
  const names = listRuns(unused) ?? formatCount(unused.length);
  return unused.length === 1 ? `the old block ${names} is gone` : `the old blocks ${names} are gone`;
}

/** `0–2, 1 and 3`; null where that would be a long list. */
function listRuns(blocks: readonly number[]): string | null {
  const runs: number[][] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === block - 1) run.push(block);
    else runs.push([block]);
  }
  const words = runs.flatMap((run) =>
    run.length > 2 ? [`${formatCount(run[0] ?? 0)}–${formatCount(run.at(-1) ?? 0)}`] : run.map((block) => formatCount(block)),
  );
  return words.length <= MOST_RUNS ? joinWords(words) : null;
}
