import { readFileSync } from 'node:fs';
import { classifyTensors } from '../../src/layer-types/classify.ts';
import type { NamedShape } from '../../src/layer-types/surroundings.ts';

/** A tensor of a real architecture, with the type that the classes of its modules say. */
export interface Pattern extends NamedShape {
  /** `?` where no class says anything. */
  readonly type: string;
  /** Tensors that it stands for: itself, and those whose names differ in their indices alone. */
  readonly count: number;
}

/** Real architectures by name, as `benches/analysis/module_trees.py` writes them. */
export function readModuleTrees(): ReadonlyMap<string, readonly Pattern[]> {
  const architectures = new Map<string, Pattern[]>();
  let patterns: Pattern[] = [];
  let before: readonly string[] = [];
  for (const line of readFileSync(new URL('../fixtures/analysis/module_trees.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    if (line.startsWith('# ')) {
      architectures.set(line.slice(2), (patterns = []));
      before = [];
      continue;
    }
    const [shared = '', rest = '', dims = '', type = '', count = ''] = line.split(' ');
    before = [...before.slice(0, Number(shared)), ...rest.split('.')];
    patterns.push({ name: before.join('.'), shape: Array<number>(Number(dims)).fill(8), type, count: Number(count) });
  }
  return architectures;
}

/** How often the rules say what the classes say. */
export interface Score {
  readonly tensors: number;
  readonly right: number;
  readonly patterns: number;
  readonly rightPatterns: number;
  /** Tensors by the type of the classes, then by that of the rules. */
  readonly confusion: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Classifies every architecture as a whole. Tensors of which no class says anything are there, and do not count. */
export function scoreTrees(architectures: ReadonlyMap<string, readonly Pattern[]>): Score {
  let [tensors, right, all, rightPatterns] = [0, 0, 0, 0];
  const confusion = new Map<string, Map<string, number>>();
  for (const patterns of architectures.values()) {
    const classes = classifyTensors(patterns);
    for (const [at, { type, count }] of patterns.entries()) {
      if (type === '?') continue;
      const found = classes[at]?.type ?? '';
      const row = confusion.get(type) ?? new Map<string, number>();
      confusion.set(type, row.set(found, (row.get(found) ?? 0) + count));
      tensors += count;
      all += 1;
      if (found !== type) continue;
      right += count;
      rightPatterns += 1;
    }
  }
  return { tensors, right, patterns: all, rightPatterns, confusion };
}
