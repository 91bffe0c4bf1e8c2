import type { Tower } from './tensor-class.ts';
import { isIndex, readIndexedBlock } from './vocabulary.ts';

/** Towers by what a leading segment says; the first that matches gives it, and inner segments are not looked at. */
const TOWERS: readonly (readonly [tower: Tower, segment: RegExp])[] = [
  ['vision', /^(v|visual|vision|vit|image_encoder|img_encoder)$|^vision_/],
  ['audio', /^(audio|speech|wav2vec2)$|^(audio|speech)_/],
  ['text', /^(language_model|llm)$|^text_(model|encoder)|^cond_stage_model$/],
  ['unet', /^(unet|diffusion_model|down_blocks|mid_block|up_blocks|input_blocks|middle_block|output_blocks)$/],
  ['encoder', /^encoder$|_encoder$/],
  ['decoder', /^decoder$|_decoder$/],
];

/** Tower of a name, from the segments before its first index; `encoder` and `decoder` count among the first two only. */
export function readTower(segments: readonly string[]): Tower | null {
  for (const [at, segment] of segments.entries()) {
    if (isIndex(segment) || readIndexedBlock(segment) !== null) return null;
    for (const [tower, pattern] of TOWERS) {
      const isCoder = tower === 'encoder' || tower === 'decoder';
      if (pattern.test(segment) && !(isCoder && at > 1)) return tower;
    }
  }
  return null;
}
