/** The same blocks at other depths, as merges of layers and models of other depth have them. */
import type { Architecture } from '../architectures.ts';
import type { Model, Weights } from '../model.ts';
import { IDENTICAL, type Kind, pair, SAME, TRAINING } from './kind.ts';

const UNSAID = [IDENTICAL, TRAINING, /no resemblance/i, /^only \d+ of \d+ tensors/i];

/** Blocks in stacks of one number each; a ResNet has stages of two. */
const isStack = ({ blocks, tensors }: Architecture): boolean =>
  blocks >= 4 && tensors.every(({ name, block }) => block === null || name.includes(`.${block}.`));

/** A model whose blocks are those of the base in the order given. */
function arrange(base: Model, order: (blocks: readonly number[]) => readonly number[]): Model {
  const tensors = [...base.values()];
  const blocks = [...new Set(tensors.flatMap(({ block }) => block ?? []))].sort((a, b) => a - b);
  const arranged: Weights[] = tensors.filter(({ block }) => block === null);
  for (const [at, from] of order(blocks).entries())
    for (const tensor of tensors)
      if (tensor.block === from) arranged.push({ ...tensor, block: at, name: tensor.name.replace(`.${from}.`, `.${at}.`) });
  return new Map(arranged.map((tensor) => [tensor.name, tensor]));
}

export const DEPTH_KINDS: readonly Kind[] = [
  {
    name: 'made deeper by copies',
    applies: isStack,
    make: (base) =>
      pair(
        base,
        arrange(base, (blocks) => [...blocks.slice(0, -1), ...blocks.slice(1)]),
        [SAME, /the \d+ blocks( of \S+)? are the old blocks 0–\d+ and 1/],
        UNSAID,
      ),
  },
  {
    name: 'a block cut out',
    applies: isStack,
    make: (base) =>
      pair(
        base,
        arrange(base, (blocks) => blocks.filter((block) => block !== 1)),
        [SAME, /the old block 1 is gone/],
        UNSAID,
      ),
  },
  {
    name: 'two blocks swapped',
    applies: isStack,
    make: (base) =>
      pair(
        base,
        arrange(base, ([zero = 0, one = 0, two = 0, ...rest]) => [zero, two, one, ...rest]),
        [SAME, /old blocks 0, 2, 1/],
        UNSAID,
      ),
  },
];
