/**
 * Comparisons of made-up checkpoints whose pattern is known, because it was put in: a size for every tensor from the pattern,
 * then the noise that real runs show. Nothing here knows how the analyzer decides.
 */
import type { ChangePattern } from '../../src/analysis/types.ts';
import type { ParameterDiff } from '../../src/comparison/rows.ts';
import { createRandom, type Random } from './random.ts';
import { SCHEMES, type Blueprint } from './schemes.ts';

/** A generated comparison and its truth. */
export interface Case {
  readonly label: ChangePattern;
  readonly scheme: string;
  readonly depth: number;
  readonly scale: number;
  readonly noise: number;
  readonly diffs: readonly Partial<ParameterDiff>[];
}

/** The eight labels. */
export const LABELS: readonly ChangePattern[] = [
  'uniform',
  'gradient',
  'inverse_gradient',
  'focused',
  'sparse',
  'attention_heavy',
  'mlp_heavy',
  'embedding_heavy',
];
/** Depths of the generated models. */
export const DEPTHS: readonly number[] = [4, 6, 8, 12, 16, 24, 32, 48, 80, 96];

/** Relative size of the change by tensor, before noise; 0 is no change at all. `density` is the share of elements that took part. */
interface Plan {
  readonly size: (tensor: Blueprint) => number;
  readonly density?: number;
}

/** Fixed instead of drawn, to see how the decision depends on it. */
export interface Fixed {
  /** Ratio that makes the pattern: last to first block, or type to rest. */
  readonly fold?: number;
  /** Standard deviation of ln size between tensors. */
  readonly noise?: number;
}

type Planner = (tensors: readonly Blueprint[], random: Random, fold: number | undefined) => Plan;

const PLANS: Readonly<Record<ChangePattern, Planner>> = {
  uniform: () => ({ size: () => 1 }),
  gradient: (_, random, fold) => planTrend(random, -1, fold),
  inverse_gradient: (_, random, fold) => planTrend(random, 1, fold),
  focused: planFocused,
  sparse: planSparse,
  attention_heavy: (tensors, random, fold) => planType(tensors, random, 'attention', fold),
  mlp_heavy: (tensors, random, fold) => planType(tensors, random, 'mlp', fold),
  embedding_heavy: planEmbedding,
};

/** Fold 2.5 to 20 between the first block and the last, straight or bent. */
function planTrend(random: Random, sign: number, fixed: number | undefined): Plan {
  const fold = fixed ?? random.logUniform(2.5, 20);
  const bend = random.uniform(0.7, 1.5);
  return {
    size: ({ block, part }) => {
      if (block === null) return part === 'embedding' ? fold ** (-sign / 2) : fold ** (sign / 2);
      return fold ** (sign * ((block.index / (block.of - 1)) ** bend - 0.5));
    },
  };
}

/** One type at 2.5 to 12 times the rest; or alone; or some of its projections alone, as LoRA takes them. */
function planType(tensors: readonly Blueprint[], random: Random, part: 'attention' | 'mlp', fixed: number | undefined): Plan {
  if (fixed !== undefined || random.chance(0.6)) {
    const fold = fixed ?? random.logUniform(2.5, 12);
    return { size: (tensor) => (tensor.part === part ? fold : 1) };
  }
  const modules = [...new Set(tensors.filter((tensor) => tensor.part === part).map((tensor) => tensor.module))];
  const chosen = new Set(random.chance(0.5) ? modules : random.sample(modules, Math.max(1, Math.ceil(modules.length / 2))));
  return { size: (tensor) => (chosen.has(tensor.module) ? 1 : 0) };
}

/** Embeddings at 4 to 20 times the body, or alone. */
function planEmbedding(_: readonly Blueprint[], random: Random, fixed: number | undefined): Plan {
  const fold = fixed ?? (random.chance(0.3) ? Infinity : random.logUniform(4, 20));
  return { size: ({ part }) => (part === 'embedding' ? 1 : 1 / fold) };
}

/** A few neighbouring blocks, the last ones, or the head; the rest frozen or at most a tenth. */
function planFocused(tensors: readonly Blueprint[], random: Random): Plan {
  const rest = random.chance(0.5) ? 0 : random.logUniform(1e-4, 0.1);
  const hasHead = tensors.some((tensor) => tensor.part === 'output');
  if (hasHead && random.chance(0.15)) return { size: ({ part }) => (part === 'output' ? 1 : rest) };
  const blocks = tensors.flatMap(({ block }) => (block === null ? [] : [block]));
  const { stack, of } = random.pick(blocks);
  const length = random.integer(1, Math.max(1, Math.floor(of * 0.35)));
  const start = random.chance(0.4) ? of - length : random.integer(0, of - length);
  return {
    size: ({ block }) =>
      block !== null && block.stack === stack && block.index >= start && block.index < start + length ? 1 : rest,
  };
}

/** Scattered tensors, one or two in a block, 3 to 10 % of all; or all tensors but few of their elements. */
function planSparse(tensors: readonly Blueprint[], random: Random): Plan {
  if (random.chance(0.35)) return { size: () => 1, density: random.logUniform(0.01, 0.3) };
  const rest = random.chance(0.6) ? 0 : random.logUniform(1e-4, 0.05);
  const matrices = tensors.filter((tensor) => tensor.block !== null && tensor.shape.length >= 2 && tensor.part !== 'router');
  const count = Math.max(2, Math.round(matrices.length * random.uniform(0.03, 0.1)));
  const chosen = new Set<Blueprint>();
  for (const tensor of random.sample(matrices, matrices.length)) {
    if (chosen.size >= count) break;
    const beside = [...chosen].filter(
      ({ block }) => block?.index === tensor.block?.index && block?.stack === tensor.block?.stack,
    ).length;
    if (beside < 1) chosen.add(tensor);
  }
  return { size: (tensor) => (chosen.has(tensor) ? 1 : rest) };
}

/** Generates one comparison; the same seed gives the same one. */
export function generateCase(label: ChangePattern, seed: number, fixed: Fixed = {}): Case {
  const random = createRandom(seed);
  const scheme = random.pick(SCHEMES);
  const depth = random.pick(DEPTHS);
  const scale = random.logUniform(1e-6, 0.5);
  const noise = fixed.noise ?? random.uniform(0.02, 0.35);
  const tensors = scheme.build(depth);
  const plan = PLANS[label](tensors, random, fixed.fold);
  const offsets = new Map<string, number>();
  const spread = random.uniform(0, 0.25);
  const head = random.logUniform(0.6, 3.3);
  const table = label === 'embedding_heavy' ? 1 : random.logUniform(0.2, 1.4);
  const wild = random.uniform(0.5, 2);
  // What uniform runs show all the same: types that differ by up to a third, a slight trend over depth.
  const leaning = random.logUniform(0.75, 1.33);
  const drift = random.logUniform(0.75, 1.33);
  const diffs = tensors.map((tensor) => {
    const offset = offsets.get(tensor.module) ?? spread * Math.max(-2, Math.min(2, random.gaussian()));
    offsets.set(tensor.module, offset);
    let size = plan.size(tensor) * scale * Math.exp(noise * random.gaussian() + (tensor.block === null ? 0 : offset));
    if (tensor.part === 'attention') size *= leaning;
    if (tensor.block !== null) size *= drift ** (tensor.block.index / (tensor.block.of - 1) - 0.5);
    if (tensor.part === 'output') size *= head;
    if (tensor.part === 'embedding') size *= table;
    if (tensor.part === 'norm' || tensor.part === 'bias' || tensor.part === 'router')
      size *= Math.exp(wild * random.gaussian()) * 0.3;
    return describeTensor(tensor, Math.min(size, 1.9), plan.density, random);
  });
  return { label, scheme: scheme.name, depth, scale, noise, diffs };
}

/** The fields that a comparison of f32 tensors with weights of deviation 0.02 gives. */
function describeTensor(tensor: Blueprint, change: number, density: number | undefined, random: Random): Partial<ParameterDiff> {
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const norm = (tensor.part === 'norm' ? 1 : 0.02 * random.logUniform(0.5, 2)) * Math.sqrt(elements);
  const changed = change === 0 ? 0 : Math.round(elements * (density ?? 1) * random.uniform(0.97, 1));
  const info = {
    name: tensor.name,
    shape: tensor.shape,
    dtype: 'f32',
    numElements: elements,
    sizeBytes: 4 * elements,
    mean: 0,
    std: norm / Math.sqrt(elements),
    min: -norm,
    max: norm,
    sparsity: 0,
    nanCount: 0,
    infCount: 0,
    error: null,
  };
  return {
    name: tensor.name,
    changeType: change === 0 ? 'unchanged' : 'modified',
    identical: change === 0,
    l2Diff: change * norm,
    oldNorm: norm,
    newNorm: norm,
    relativeChange: change,
    symmetricChange: change,
    bitChanged: changed,
    changedElements: changed,
    totalElements: elements,
    oldInfo: info,
    newInfo: info,
  };
}
