import { indexNames, type Names, type Stripped } from './wrappers.ts';

/** A name that a library gave up for another one. */
interface Synonym {
  /** As it is told: `gamma is weight`. */
  readonly rule: string;
  readonly from: RegExp;
  readonly to: string;
}

/** Older names and what the same tensor is called since; transformers and torch read both. */
const SYNONYMS: readonly Synonym[] = [
  { rule: 'gamma is weight', from: /(^|\.)gamma$/u, to: '$1weight' },
  { rule: 'beta is bias', from: /(^|\.)beta$/u, to: '$1bias' },
  { rule: 'weight_g is parametrizations.weight.original0', from: /(^|\.)weight_g$/u, to: '$1parametrizations.weight.original0' },
  { rule: 'weight_v is parametrizations.weight.original1', from: /(^|\.)weight_v$/u, to: '$1parametrizations.weight.original1' },
  { rule: 'block_sparse_moe is mlp', from: /(^|\.)block_sparse_moe\./u, to: '$1mlp.' },
];

/** Puts the newer name in the place of an older one where the other side has that, and its own side has it not. */
export function findSynonyms(names: Names): Stripped[] {
  const known = indexNames(names);
  const found: Stripped[] = [];
  const current = { ...names };
  for (const side of ['old', 'new'] as const) {
    const other = known[side === 'old' ? 'new' : 'old'];
    for (const { rule, from, to } of SYNONYMS) {
      const changed = current[side].map((name) => {
        if (other.has(name) || !from.test(name)) return name;
        const newer = name.replace(from, to);
        return other.has(newer) && !known[side].has(newer) ? newer : name;
      });
      if (changed.every((name, at) => name === current[side][at])) continue;
      current[side] = changed;
      found.push({ side, kind: 'synonym', rule, changed });
    }
  }
  return found;
}

/** The path of a module as it is, as it is called since, and as it was called. */
export function listSpellings(path: string): readonly string[] {
  const newer = SYNONYMS.reduce((renewed, { from, to }) => renewed.replace(from, to), path);
  return [...new Set([path, newer, path.replace(/(^|\.)mlp\./u, '$1block_sparse_moe.')])];
}
