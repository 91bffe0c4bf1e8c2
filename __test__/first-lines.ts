/** First lines in full, beside those of `verdicts.test.ts`: what was done to each checkpoint is known (examples/tiny-gpt/README.md). */

const ALL = 'Every matrix changed by about the same share:';
const STILL = 'All else is bit-identical.';
const DTYPE = 'The configuration differs (torch_dtype).';
const UNLIKE = 'as of another model, a new initialisation or a run that diverged.';
const MASK_LOST = 'The pruning mask was lost: 50% of 18 tensors (the MLPs, in all 6 blocks) was zero before, 0% is now.';
const FP8 =
  'error 2.5%, worst layers.4.mlp.down_proj 2.6%; 15 tensors kept in bf16. All else is bit-identical. The configuration differs (quantization_config).';
const ROUNDED = 'all 119,240 elements of 57 tensors are equal after rounding';

type Pair = readonly [old: string, tuned: string];

export const FIRST_LINES: readonly (readonly [...Pair, line: string])[] = [
  ['base', 'sft-pt', `${ALL} 5.7%; norms by 0.61%.`],
  ['sft', 'base', `${ALL} 5.7%; norms by 0.61%.`],
  ['lora-merged', 'base', `Only q_proj and v_proj changed, in all 6 blocks, by 28%. ${STILL}`],

  ['base', 'continue-0200', `${ALL} 1.9%; norms by 0.26%.`],
  ['base', 'continue-0300', `${ALL} 2%; norms by 0.27%.`],
  ['continue-0100', 'continue-0200', `${ALL} 1.1%; norms by 0.19%.`],
  [
    'continue-0200',
    'continue-0300',
    `${ALL} 0.5%; norms by 0.12%. input_layernorm in block 2, and post_attention_layernorm in block 4 are bit-identical.`,
  ],

  [
    'base',
    'diverge-1',
    `${ALL} 1.1%; norms by 0.11%. input_layernorm in blocks 1–5, post_attention_layernorm in blocks 4 and 5, and norm are bit-identical.`,
  ],
  [
    'base',
    'diverge-2',
    `${ALL} 1.3%; norms by 0.15%. input_layernorm in blocks 2–4, and post_attention_layernorm in block 5 are bit-identical.`,
  ],
  ['base', 'diverge-3', `No resemblance: a cosine of -0.006 in 44 tensors, ${UNLIKE}`],
  ['base', 'diverge-4', `No resemblance: a cosine of -0.008 in 44 tensors, ${UNLIKE}`],
  ['base', 'diverge-6', 'Broken: 57 of 57 tensors contain NaN.'],
  ['diverge-2', 'diverge-3', `No resemblance: a cosine of -0.005 in 44 tensors, ${UNLIKE}`],

  ['base', 'sft-f32', `${ALL} 5.7%; norms by 0.59%. ${DTYPE}`],
  ['base-f32', 'sft-f32', `${ALL} 5.7%; norms by 0.61%.`],
  ['base-f32', 'base', `Same weights, rounded from f32 to bf16: ${ROUNDED}. ${DTYPE}`],
  ['base', 'base-f32', `Same weights: the old ones are the new ones rounded to bf16 (${ROUNDED}). ${DTYPE}`],
  ['sft-f32', 'sft', `Same weights, rounded from f32 to bf16: ${ROUNDED}. ${DTYPE}`],

  [
    'base',
    'pure-bf16',
    'Every matrix changed, but only where weights are small (4.1% in all): each step was less than half a spacing of bf16, so large weights never moved; trained or averaged without an f32 master copy. All norms are bit-identical.',
  ],
  ['pruned', 'sft', `${MASK_LOST.slice(0, -1)}; 39 other tensors changed too, by 3.7%.`],
  ['pruned', 'base', `${MASK_LOST} ${STILL}`],
  [
    'base',
    'pruned',
    `Pruned: 50% of the elements of 18 tensors (the MLPs, in all 6 blocks) became zero, the smallest of each (none above 0.087); the others are untouched. ${STILL}`,
  ],
  ['base', 'frozen-block', 'Everything but block 3 changed, by 5.9%. Block 3 is bit-identical.'],
  ['base', 'one-token', `Only row 19 of embed_tokens changed. ${STILL}`],
  ['one-token', 'base', `Only row 19 of embed_tokens changed. ${STILL}`],
  [
    'base',
    'fp8-roundtrip',
    `Same weights, rounded to fp8 (e4m3, one scale a row): error 2.5%, worst layers.4.mlp.down_proj 2.6%. ${STILL}`,
  ],
  [
    'fp8-roundtrip',
    'base',
    `Same weights: the old ones were rounded to fp8 (e4m3, one scale a row), the new ones are not: error 2.5%, worst layers.4.mlp.down_proj 2.6%. ${STILL}`,
  ],
  ['base', 'fp8', `Same weights, rounded to fp8 e4m3 row: ${FP8}`],
  ['fp8', 'base', `Same weights: the old ones are rounded to fp8 e4m3 row, the new ones are not: ${FP8}`],
  [
    'fp8',
    'fp8-roundtrip',
    'Same values, stored as bf16 instead of fp8 e4m3 row in 42 tensors. The configuration differs (quantization_config).',
  ],
  // What is no part of the story is not called bit-identical.
  ['fp8-roundtrip', 'pruned', `The MLPs changed, in all 6 blocks, by 27%; 24 other tensors changed too, by 2.5%. ${STILL}`],
  ['base-f32', 'pruned', `The MLPs changed, in all 6 blocks, by 27%; 39 other tensors changed too, by 0.17%. ${DTYPE}`],
  ['base-f32', 'frozen-block', `48 of 57 tensors changed, by 5.9%; 9 other tensors changed too, by 0.18%. ${DTYPE}`],
  ['diverge-5', 'diverge-6', 'Broken: 57 of 57 tensors contain NaN, 56 of them more than before.'],
  ['diverge-6', 'base', '57 tensors of the old checkpoint held NaN or Inf and hold none now.'],
  ['fp8', 'fp8', 'Identical: all 57 tensors are equal in every value.'],
  ['moe-base', 'moe-routers', `Only the routers changed, in all 4 blocks, by 38%. ${STILL}`],
  ['moe-base', 'moe-experts', `Only expert 6 of block 0 and expert 5 of block 2 changed, by 38%. ${STILL}`],
  ['base', 'moe-base', 'Nothing could be compared: of 27 common tensors, 27 with another shape.'],
];

/** A line that is true and could be better (two experts moved far less than the others): what any right one has. */
export const TRUE_LINES: readonly (readonly [...Pair, line: RegExp])[] = [
  ['moe-base', 'moe-sft', /^Every matrix changed.* 5\.8%.*; norms by 0\.69%\.$/u],
];
