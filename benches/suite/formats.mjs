/** The same tensors as safetensors and as PyTorch files: `.pt` must cost no more than a tenth above. */
import { join } from 'node:path';
import { generatePair } from '../generate/index.mjs';
import { bytesOf, warm } from '../harness/cache.mjs';
import { measure, nodeProgram } from '../harness/programs.mjs';
import { format, spread, summarize } from '../harness/spread.mjs';

const ROUNDS = 7;

/** @type {import('./index.mjs').Bench} */
export const formats = {
  what: 'PyTorch files beside safetensors',
  disk: ({ size }) => 2 * size,
  async run({ size }, scratch) {
    const generate = async (/** @type {'safetensors' | 'pt'} */ format) => {
      const { old, new: newer } = await generatePair({ folder: join(scratch, format), bytes: size / 2, format });
      return [old, newer];
    };
    const [safetensors, pytorch] = [await generate('safetensors'), await generate('pt')];
    const bytes = await bytesOf(safetensors);
    await warm([...safetensors, ...pytorch]);
    const compare = (/** @type {readonly string[]} */ paths) => measure(nodeProgram('compare.mjs', paths));
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({ safetensors: await compare(safetensors), pytorch: await compare(pytorch) });
    const ratio = spread(rounds.map((round) => round.pytorch.seconds / round.safetensors.seconds));
    console.log(`  .pt over safetensors: ${format(ratio, 3)}`);
    return {
      bytes,
      cache: 'warm',
      rounds: ROUNDS,
      safetensors: summarize(
        rounds.map((round) => round.safetensors),
        bytes,
      ),
      pytorch: summarize(
        rounds.map((round) => round.pytorch),
        bytes,
      ),
      pytorch_over_safetensors: ratio,
    };
  },
};
