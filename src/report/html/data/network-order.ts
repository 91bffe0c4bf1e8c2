import type { TensorClass } from '../../../layer-types/tensor-class.ts';

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

/** Where a module stands among those of its block. */
export interface Standing {
  readonly group: string;
  /** Sorts the modules of a block. */
  readonly rank: number;
}

/** Standing of the module of a tensor. */
export function standingOf(part: Pick<TensorClass, 'type' | 'role'>, path: string): Standing {
  const at = PARTS.findIndex(([, fits]) => fits(part, path));
  const role = part.role === null ? -1 : ROLES.indexOf(part.role);
  return { group: PARTS[at]?.[0] ?? 'other', rank: at * 100 + (role < 0 ? ROLES.length : role) };
}
