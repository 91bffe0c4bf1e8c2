import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import { hashCheckpoint } from '../manifest/hash-checkpoint.ts';
import { escapeTerminal, quoteBlank } from '../wording/escape.ts';

/** What stands for the hash of a tensor that cannot be read. */
export const UNREADABLE = 'unreadable';

/** Hexadecimal digits of a hash that a line has: 64 bits, enough for changes that nobody made in order to hide them. */
const DIGITS = 16;

/**
 * A line a tensor, in the order of the names: name, dtype, shape and the first digits of the hash that a manifest has of it. Equal tensors
 * give equal lines whatever file they lie in, so that a line-by-line diff of two such lists shows what changed.
 */
export async function writeInspectionTsv(
  checkpoint: Checkpoint,
  run: RunOptions & { readonly threads?: number },
): Promise<{ readonly pieces: Iterable<string>; readonly unreadable: number }> {
  const { tensors } = await hashCheckpoint(checkpoint, { ...run, provenance: false });
  const lines = tensors.map(({ name, dtype, shape, hash }) => {
    const cells = [quoteBlank(name), dtype, `[${shape.join(',')}]`, hash?.slice(0, DIGITS) ?? UNREADABLE];
    return `${cells.map((cell) => escapeTerminal(cell)).join('\t')}\n`;
  });
  return {
    pieces: ['name\tdtype\tshape\thash\n', ...lines.toSorted()],
    unreadable: tensors.filter(({ hash }) => hash === null).length,
  };
}
