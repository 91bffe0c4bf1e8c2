/** Schemes that weights are quantised to, by what the dtype of a tensor calls them. */
interface Scheme {
  readonly pattern: RegExp;
  /** Largest relative error that rounding to it makes of weights; what is above is more than rounding. */
  readonly most: number;
}

/**
 * The blocks of ggml. Measured with gguf-py on normally distributed weights and on ones with heavy tails (Student's t with 4 degrees of freedom),
 * the larger of the two and a fifth more: Q8_0 0.5% and 0.7%, Q5_1 3.8% and 4.5%, Q5_0 4.3% and 5.8%, Q4_1 7.8% and 9.4%, Q4_0 8.6% and 12%,
 * MXFP4 11% and 13%. Others, which gguf-py does not write, by those of as many bits.
 */
const BLOCKS: readonly Scheme[] = [
  { pattern: /^q8_[01k]$/u, most: 0.012 },
  { pattern: /^q6_k$/u, most: 0.03 },
  { pattern: /^q5_[1k]$/u, most: 0.055 },
  { pattern: /^q5_0$/u, most: 0.07 },
  { pattern: /^(?:q4_[1k]|iq4_nl|iq4_xs)$/u, most: 0.115 },
  { pattern: /^q4_0$/u, most: 0.14 },
  { pattern: /^(?:mxfp4|nvfp4)$/u, most: 0.16 },
  { pattern: /^(?:q3_k|iq3_s|iq3_xxs)$/u, most: 0.28 },
  { pattern: /^(?:q2_k|iq2_xxs|iq2_xs|iq2_s|q2_0)$/u, most: 0.5 },
  { pattern: /^(?:iq1_s|iq1_m|tq1_0|tq2_0|q1_0)$/u, most: 1 },
];

/** The other ones have several words, as `gptq int4 g128`, and one of them tells the bits: twice what they make of normal weights. */
const WORDS: readonly Scheme[] = [
  { pattern: / .*(?:int|fp|nf)8|(?:int|fp|nf)8.* /u, most: 0.08 },
  { pattern: / .*(?:int|fp|nf)[56]|(?:int|fp|nf)[56].* /u, most: 0.15 },
  { pattern: / .*(?:int|fp|nf)4|(?:int|fp|nf)4.* /u, most: 0.3 },
  { pattern: / .*(?:int|fp|nf)3|(?:int|fp|nf)3.* /u, most: 0.5 },
  { pattern: / .*(?:int|fp|nf)2|(?:int|fp|nf)2.* /u, most: 0.9 },
];

const SCHEMES = [...BLOCKS, ...WORDS];

/** Largest relative error of rounding to a dtype; null where it is no scheme of quantisation. */
export function quantisationError(dtype: string): number | null {
  return SCHEMES.find(({ pattern }) => pattern.test(dtype))?.most ?? null;
}

/** A scheme as people write it: ggml's types have capitals. */
export function nameScheme(dtype: string): string {
  return BLOCKS.some(({ pattern }) => pattern.test(dtype)) ? dtype.toUpperCase() : dtype;
}
