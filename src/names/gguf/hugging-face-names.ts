import type { Architecture } from './architectures.ts';

/** A tensor of a GGUF file by the parts of its name. */
export interface GgufName {
  /** Name without block and suffix. */
  readonly stem: string;
  /** Index of its block, as the file spells it; null outside of them. */
  readonly block: string | null;
  /** `.weight`, `.bias` or nothing. */
  readonly suffix: string;
}

export function parseGgufName(name: string): GgufName {
  const [, block, stem = '', suffix = ''] = /^(?:blk\.(\d+)\.)?(.*?)(\.weight|\.bias)?$/su.exec(name) ?? [];
  return { stem, block: block ?? null, suffix };
}

/** What a tensor may be called at Hugging Face, the likeliest first; `{e}` stands for the number of an expert. Empty where no rule knows it. */
export function listHuggingFaceNames({ stem, block, suffix }: GgufName, architecture: Architecture, root: string): string[] {
  const names = block === null ? architecture.outside : architecture.inside;
  const found = Object.hasOwn(names, stem) ? [names[stem] ?? []].flat() : [];
  return found.map((name) => {
    if (block !== null) return `${root}${architecture.block}.${block}.${name}${suffix}`;
    return `${name.startsWith('/') ? name.slice(1) : root + name}${suffix}`;
  });
}
