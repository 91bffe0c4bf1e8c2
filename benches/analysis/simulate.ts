/**
 * A second source of labelled comparisons, built the other way round: real numbers instead of sizes. Small models get weights
 * with heavy tails on the grid of their dtype, a made-up optimizer moves what its settings let it move, the result is rounded to
 * the dtype again, and the statistics are counted element by element. The label is the setting of the optimizer.
 */
import { expectedChange, STORAGE_GRIDS } from '../../src/analysis/rounding/model.ts';
import type { ChangePattern } from '../../src/analysis/types.ts';
import type { TensorColumns } from '../../src/comparison/columns.ts';
import { collectColumns, measureTensor, type MeasuredTensor } from './measure-tensor.ts';
import { createRandom, type Random } from './random.ts';
import { FAMILIES, type SmallTensor } from './small-models.ts';

/** A simulated comparison and its truth. */
export interface Simulation {
  readonly label: ChangePattern;
  readonly family: string;
  readonly depth: number;
  readonly dtype: string;
  readonly columns: TensorColumns;
}

/** Learning rate of a tensor (0: frozen), and the share of its elements that the optimizer may touch. */
interface Setting {
  readonly rate: (tensor: SmallTensor) => number;
  readonly mask?: number;
  /** Only these rows of the embedding are touched, as a share. */
  readonly rows?: number;
}

type Settings = (model: readonly SmallTensor[], random: Random) => Setting;

const SETTINGS: Readonly<Record<ChangePattern, Settings>> = {
  uniform: () => ({ rate: () => 1 }),
  gradient: (_, random) => layerwise(random, -1),
  inverse_gradient: (_, random) => layerwise(random, 1),
  focused: unfreezeSome,
  sparse: touchLittle,
  attention_heavy: (model, random) => favour(model, random, 'attention'),
  mlp_heavy: (model, random) => favour(model, random, 'mlp'),
  embedding_heavy: (_, random) => {
    const rest = random.chance(0.5) ? 0 : random.logUniform(0.03, 0.15);
    return { rate: ({ part }) => (part === 'embedding' ? 1 : rest), rows: random.uniform(0.3, 1) };
  },
};

/** A learning rate that is multiplied by a constant from block to block, by 4 to 50 in all. */
function layerwise(random: Random, sign: number): Setting {
  const fold = random.logUniform(4, 50);
  return { rate: ({ position, part }) => fold ** (sign * ((position ?? (part === 'embedding' ? 0 : 1)) - 0.5)) };
}

/** Gradients for some blocks only, for the last ones, for one tower, or for the head. */
function unfreezeSome(model: readonly SmallTensor[], random: Random): Setting {
  const stacks = [...new Set(model.flatMap(({ stack }) => (stack === null ? [] : [stack])))];
  const stack = random.pick(stacks);
  if (stacks.length > 1 && random.chance(0.2)) {
    const smallest = stacks
      .map((name) => [name, model.filter((tensor) => tensor.stack === name).length] as const)
      .sort(([, a], [, b]) => a - b)[0]?.[0];
    return { rate: (tensor) => (tensor.stack === smallest ? 1 : 0) };
  }
  if (random.chance(0.15)) return { rate: ({ part }) => (part === 'output' ? 1 : 0) };
  const width = random.uniform(0.05, 0.4);
  const start = random.chance(0.5) ? 1 - width : random.uniform(0, 1 - width);
  const inside = (tensor: SmallTensor): boolean =>
    tensor.stack === stack &&
    tensor.position !== null &&
    tensor.position >= start - 1e-9 &&
    tensor.position <= start + width + 1e-9;
  const isHit = model.some((tensor) => inside(tensor));
  return { rate: (tensor) => (isHit ? Number(inside(tensor)) : Number(tensor.stack === stack && tensor.position === 1)) };
}

/** One edited matrix, some scattered ones, or a mask over everything. */
function touchLittle(model: readonly SmallTensor[], random: Random): Setting {
  if (random.chance(0.4)) return { rate: () => 1, mask: random.logUniform(0.005, 0.3) };
  const matrices = model.filter(
    (tensor) => tensor.shape.length > 1 && tensor.position !== null && (tensor.part === 'mlp' || tensor.part === 'attention'),
  );
  const count = random.chance(0.5) ? 1 : Math.max(2, Math.round(matrices.length * random.uniform(0.02, 0.08)));
  const blocks = new Set<number>();
  const chosen = new Set<SmallTensor>();
  for (const tensor of random.sample(matrices, matrices.length)) {
    if (chosen.size === count) break;
    if (blocks.has(tensor.position ?? -1)) continue;
    blocks.add(tensor.position ?? -1);
    chosen.add(tensor);
  }
  return { rate: (tensor) => Number(chosen.has(tensor)) };
}

/** One type alone, some of its projections alone, or at three to ten times the rate of the rest. */
function favour(model: readonly SmallTensor[], random: Random, part: 'attention' | 'mlp'): Setting {
  const way = random.unit();
  if (way < 0.4) {
    const fold = random.logUniform(3, 10);
    return { rate: (tensor) => (tensor.part === part ? 1 : 1 / fold) };
  }
  const modules = [
    ...new Set(model.filter((tensor) => tensor.part === part && tensor.shape.length > 1).map(({ module }) => module)),
  ];
  const chosen = new Set(way < 0.7 ? modules : random.sample(modules, Math.max(1, Math.floor(modules.length / 2))));
  return { rate: (tensor) => Number(chosen.has(tensor.module)) };
}

/** Runs one comparison; the same seed gives the same one. */
export function simulate(label: ChangePattern, seed: number): Simulation {
  const random = createRandom(seed);
  const family = random.pick(FAMILIES);
  const depth = random.pick([4, 6, 8, 12, 18, 24]);
  const dtype = random.pick(['bf16', 'bf16', 'f16', 'f32']);
  const model = family.build(depth);
  const setting = SETTINGS[label](model, random);
  const size = random.logUniform(2e-4, 0.2);
  const jitter = random.uniform(0.05, 0.3);
  const memory = random.uniform(0, 0.8);
  const walks = new Map<string, number>();
  const tensors = model.map((tensor) => {
    // Neighbouring blocks have similar luck: an autoregressive walk over depth for each module.
    const walk = memory * (walks.get(tensor.module) ?? 0) + Math.sqrt(1 - memory ** 2) * random.gaussian();
    walks.set(tensor.module, walk);
    const wild = tensor.shape.length > 1 ? 1 : random.logUniform(0.02, 5);
    const rate = setting.rate(tensor) * size * wild * Math.exp(jitter * walk);
    return train(tensor, rate, dtype, setting, random);
  });
  return { label, family: family.name, depth, dtype, columns: collectColumns(tensors) };
}

/** Weights before and after, and what a comparison counts. */
function train(tensor: SmallTensor, rate: number, dtype: string, setting: Setting, random: Random): MeasuredTensor {
  const elements = tensor.shape.reduce((product, length) => product * length, 1);
  const columns = tensor.shape.at(-1) ?? 1;
  const isVector = tensor.shape.length === 1;
  const deviation = random.logUniform(0.01, 0.06);
  const before = new Float64Array(elements);
  const update = new Float64Array(elements);
  const left = Array.from({ length: elements / columns }, () => random.gaussian());
  const right = Array.from({ length: columns }, () => random.gaussian());
  for (let at = 0; at < elements; at += 1) {
    // Student's t with 5 degrees of freedom: heavy tails.
    const tail = Math.sqrt(
      5 / Array.from({ length: 5 }, () => random.gaussian() ** 2).reduce((total, square) => total + square, 1e-9),
    );
    before[at] = isVector && tensor.part === 'norm' ? 1 + 0.1 * random.gaussian() : deviation * tail * random.gaussian();
    const row = Math.floor(at / columns);
    update[at] = random.gaussian() + 0.7 * (left[row] ?? 0) * (right[at % columns] ?? 0);
  }
  const scale = rate * (isVector && tensor.part === 'norm' ? 0.3 : deviation);
  const touchedRows = new Set(
    random.sample([...left.keys()], Math.ceil(left.length * (tensor.part === 'embedding' ? (setting.rows ?? 1) : 1))),
  );
  return measureTensor(
    tensor.name,
    tensor.shape,
    dtype,
    before,
    (old, at) => {
      const isTouched = rate > 0 && touchedRows.has(Math.floor(at / columns)) && random.unit() < (setting.mask ?? 1);
      return isTouched ? old + scale * (update[at] ?? 0) : old;
    },
    (exponents, sumSquaredDiff, rms) => {
      const grid = STORAGE_GRIDS.get(dtype);
      if (grid === undefined || sumSquaredDiff === 0) return { expectedChanged: Number.NaN, updateSize: Number.NaN };
      return expectedChange({ exponents, sumSquaredDiff, elements, rms, ...grid });
    },
  );
}
