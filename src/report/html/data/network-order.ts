import type { TensorClass } from '../../../layer-types/tensor-class.ts';
import { compareCodeUnits } from '../../../names/order.ts';

/** Parts of a block in the order in which a network goes through them; the first that fits says where a module stands. */
const PARTS: readonly (readonly [group: string, fits: (part: Pick<TensorClass, 'type' | 'role'>, path: string) => boolean])[] = [
  ['embedding', ({ type }) => type === 'embedding' || type === 'position'],
  [
    'attention',
    ({ type }, path) => type === 'norm' && /(^|[._])(input|ln_?1|norm_?1|attn_norm|attention_norm|pre_attn)/i.test(path),
  ],
  ['attention', ({ type }) => type === 'attention' || type === 'ssm'],
  ['attention', ({ type }, path) => type === 'norm' && /attn|attention/i.test(path)],
  ['norm', ({ type }) => type === 'norm'],
  ['router', ({ type }) => type === 'router'],
  ['mlp', ({ type }) => type === 'mlp'],
  ['conv', ({ type }) => type === 'conv'],
  ['other', ({ type }) => type !== 'output'],
  ['output', () => true],
];

/** Roles within a part, in the same order. */
const ROLES = [
  ...['token', 'patch', 'cls', 'type', 'abs', 'rel'],
  ...['q_a', 'q_b', 'q', 'kv_a', 'kv_b', 'kv', 'k', 'v', 'qkv', 'sinks', 'o'],
  ...['shared_expert', 'gate', 'gate_up', 'up', 'down', 'expert'],
];

/** Which matrix of its network a matrix of an expert is. */
const EXPERT_ROLES: readonly (readonly [name: RegExp, role: string])[] = [
  [/gate_up(_proj)?$/, 'gate_up'],
  [/(gate(_proj)?|w1)$/, 'gate'],
  [/(up(_proj)?|w3)$/, 'up'],
  [/(down(_proj)?|w2)$/, 'down'],
];

/** Where a module stands among those of its block. */
export interface Standing {
  readonly group: string;
  /** Sort the modules of a block, one after the other. */
  readonly part: number;
  readonly parent: string;
  readonly role: number;
}

/** Standing of the module of a tensor. */
export function standingOf(part: Pick<TensorClass, 'type' | 'role'>, path: string): Standing {
  const at = PARTS.findIndex(([, fits]) => fits(part, path));
  const role = ROLES.indexOf(EXPERT_ROLES.find(([name]) => part.role === 'expert' && name.test(path))?.[1] ?? part.role ?? '');
  return {
    group: PARTS[at]?.[0] ?? 'other',
    part: at,
    parent: path.slice(0, Math.max(0, path.lastIndexOf('.'))),
    role: role < 0 ? ROLES.length : role,
  };
}

/** For sorting: the part of the block, then what one module holds together, then its role. */
export function compareStandings(a: Standing, b: Standing): number {
  return a.part - b.part || compareCodeUnits(a.parent, b.parent) || a.role - b.role;
}

/** Towers in the order in which they are shown. */
const TOWERS = ['text', 'unet', 'encoder', 'decoder', 'vision', 'audio'];

/** For sorting names of towers; what belongs to none comes last. */
export function compareTowers(a: string, b: string): number {
  const rank = (name: string): number => (TOWERS.includes(name) ? TOWERS.indexOf(name) : TOWERS.length);
  return rank(a) - rank(b);
}
