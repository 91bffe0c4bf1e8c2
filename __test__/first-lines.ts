/** First lines in full, beside those of `verdicts.test.ts`: what was done to each checkpoint is known (examples/tiny-gpt/README.md). */

const ALL = 'Every matrix changed by about the same share:';
const STILL = 'All else is bit-identical.';
const DTYPE = 'The configuration differs (torch_dtype).';
const UNLIKE = 'as of another model, a new initialisation or a run that diverged.';
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
  ['base', 'diverge-3', `No resemblance: a cosine of 0.011 in 57 tensors, ${UNLIKE}`],
  ['base', 'diverge-4', `No resemblance: a cosine of 0.000 in 57 tensors, ${UNLIKE}`],
  ['base', 'diverge-6', 'Broken: 57 of 57 tensors contain NaN.'],
  ['diverge-2', 'diverge-3', `No resemblance: a cosine of 0.012 in 57 tensors, ${UNLIKE}`],

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
  ['pruned', 'sft', 'The pruning mask was lost: 50% of 18 tensors was zero before, 0% is now.'],
  ['fp8', 'fp8', 'The codes of all 42 quantised tensors are identical.'],
  ['moe-base', 'moe-routers', `Only the routers changed, in all 4 blocks, by 38%. ${STILL}`],
  ['moe-base', 'moe-experts', `Only expert 6 of block 0 and expert 5 of block 2 changed, by 38%. ${STILL}`],
  ['base', 'moe-base', 'Nothing could be compared: of 27 common tensors, 27 with another shape.'],
];

/** Lines that are true and could be better: what any right one has. */
export const TRUE_LINES: readonly (readonly [...Pair, line: RegExp])[] = [
  ['base', 'frozen-block', /^Everything but block 3 changed, by 5\.9%\..* bit-identical\.$/u],
  ['base', 'one-token', /^Only row 19 of \S*embed_tokens\S* changed\. All else is bit-identical\.$/u],
  ['one-token', 'base', /^Only row 19 of \S*embed_tokens\S* changed\. All else is bit-identical\.$/u],
  [
    'base',
    'pruned',
    /^Pruned: 50% of the elements of .* became zero, .*; the others are untouched\. All else is bit-identical\.$/u,
  ],
  [
    'base',
    'fp8-roundtrip',
    /^Same weights, rounded to fp8 \(e4m3, one scale a row\): error 2\.5%, worst \S*layers\.4\.mlp\.down_proj 2\.6%\. .* bit-identical\.$/u,
  ],
  [
    'fp8-roundtrip',
    'base',
    /^Same weights: the old ones were rounded to fp8 \(e4m3, one scale a row\), the new ones are not: error 2\.5%.* bit-identical\.$/u,
  ],
  [
    'base',
    'fp8',
    /^Quantised to fp8: 42 of 57 tensors are stored as codes.*; the rest is bit-identical\. The configuration differs/u,
  ],
  [
    'fp8',
    'base',
    /^Dequantised from fp8: 42 of 57 tensors are stored as codes.*; the rest is bit-identical\. The configuration differs/u,
  ],
  ['fp8', 'fp8-roundtrip', /^Dequantised from fp8: 42 of 57 tensors are stored as codes.*; the rest is bit-identical\./u],
  ['moe-base', 'moe-sft', /^Every matrix changed.* 5\.8%.*; norms by 0\.69%\.$/u],
];

/** Lines that are wrong today, as they should be. */
export const WRONG_LINES: readonly (readonly [...Pair, line: RegExp])[] = [
  // Zeros are no grid of 4 bits, and pruned weights are not the same weights.
  ['pruned', 'base', /^The pruning mask was lost: 50% of .* was zero before, 0% is now\. All else is bit-identical\.$/u],
  // All 57 contain NaN: in 56 there are more than before.
  ['diverge-5', 'diverge-6', /^Broken: (?:57 of 57 tensors contain NaN|56 of 57 tensors contain new NaN)/u],
  // NaN that went away is told, and the one tensor that could be compared says nothing of the model.
  ['diverge-6', 'base', /^(?!.*No resemblance).*NaN/u],
];
