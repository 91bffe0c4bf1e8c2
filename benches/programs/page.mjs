/**
 * Writes the web page of two checkpoints in memory: `page.mjs TENSORS FILE`. Every tensor has values of its own, since equal numbers would
 * pack to nothing. Prints what making the page of the comparison took, and its size.
 */
import { writeFileSync } from 'node:fs';
import { analyze, Checkpoint, compare, renderReport } from 'model-diff';

const EXPERTS = 128;

const [count = '', file = ''] = process.argv.slice(2);
const names = nameTensors(Number(count));
const comparison = await compare(make(0), make(0.04), { histogram: true });
const analysis = analyze(comparison);
const started = performance.now();
const page = renderReport(comparison, { format: 'html', analysis });
const seconds = (performance.now() - started) / 1000;
writeFileSync(file, page);
console.log(JSON.stringify({ seconds, bytes: Buffer.byteLength(page) }));

/** A mixture of experts with so many tensors; with one expert where they are few. @param {number} count */
function nameTensors(count) {
  const parts = ['input_layernorm', 'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj', 'mlp.gate'];
  for (let expert = 0; expert < (count < 1000 ? 1 : EXPERTS); expert++)
    for (const part of ['gate_proj', 'up_proj', 'down_proj']) parts.push(`mlp.experts.${expert}.${part}`);
  return Array.from(
    { length: count },
    (_, at) => `model.layers.${Math.floor(at / parts.length)}.${parts[at % parts.length]}.weight`,
  );
}

/** A checkpoint. @param {number} change relative to the first one, more in later blocks */
function make(change) {
  const tensors = names.map(
    (name, at) => /** @type {const} */ ([name, drawTensor(name, at, change * (0.5 + at / names.length))]),
  );
  return Checkpoint.fromTensors(new Map(tensors));
}

/** @param {string} name @param {number} seed @param {number} change relative to the weights */
function drawTensor(name, seed, change) {
  const shape = name.includes('norm') ? [16] : [16, 16];
  const [weight, step] = [draw(seed * 2 + 1), draw(seed * 2 + 2)];
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => weight() + change * step());
  // bf16 as its bits: the upper half of f32, rounded.
  const data = Uint16Array.from(new Uint32Array(values.buffer), (bits) => (bits + 0x8000) >>> 16);
  return { data, shape, dtype: /** @type {const} */ ('bf16') };
}

/** Numbers around 0. @param {number} seed */
function draw(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
