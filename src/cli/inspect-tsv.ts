import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import { escapeTerminal, quoteBlank } from '../wording/escape.ts';

/** What stands for the hash of a tensor that cannot be read. */
export const UNREADABLE = 'unreadable';

/**
 * A line a tensor, in the order of the names: name, dtype, shape and a hash of the values. Equal tensors give equal lines whatever file they
 * lie in, so that a line-by-line diff of two such lists shows what changed.
 */
export async function writeInspectionTsv(
  checkpoint: Checkpoint,
  run: RunOptions & { readonly threads?: number },
): Promise<{ readonly pieces: Iterable<string>; readonly unreadable: number }> {
  const hashes = await checkpoint.hashTensors(run);
  const { table } = checkpoint;
  const lines = table.names.map((name, row) => {
    const cells = [quoteBlank(name), table.dtype(row), `[${table.shape(row).join(',')}]`, hashes[row] || UNREADABLE];
    return `${cells.map((cell) => escapeTerminal(cell)).join('\t')}\n`;
  });
  return {
    pieces: ['name\tdtype\tshape\thash\n', ...lines.toSorted()],
    unreadable: hashes.filter((hash) => hash === '').length,
  };
}
