import type { Architecture } from './architectures.ts';
import type { GgufName } from './hugging-face-names.ts';
import type { NamedTensors, NamedView, Step } from '../named-view.ts';
import type { Transform } from './types.ts';

interface Subject {
  readonly tensor: GgufName;
  /** In the GGUF file. */
  readonly row: number;
  /** At Hugging Face, `{e}` for the number of an expert. */
  readonly name: string;
  readonly architecture: Architecture;
  readonly heads: Heads;
  readonly gguf: NamedTensors;
  readonly other: NamedTensors;
}

/** Heads of queries and of keys, by block. */
type Heads = Readonly<Record<'attn_q' | 'attn_k', (block: number) => number>>;

interface Undone {
  readonly views: readonly NamedView[];
  readonly otherViews: readonly NamedView[];
  readonly transforms: readonly Transform[];
}

/**
 * One tensor with what undoes the converter's work on it. What would turn quantised blocks out of their rows, or lose bits of a float, is
 * done to the other side instead, as the converter did it. Null for what cannot be undone: a tensor that does not have the shape for it.
 */
export function undoTransforms(subject: Subject): Undone | null {
  const { tensor, row, name, architecture, gguf, other } = subject;
  const shape = gguf.shape(row);
  if (name.includes('{e}')) return gguf.isReadable(row) ? splitExperts(name, row, shape) : null;
  const plain = { views: [{ name, row, steps: [] }], otherViews: [], transforms: [] };
  if (!gguf.isReadable(row)) return plain;
  if (architecture.isPermuted === true && (tensor.stem === 'attn_q' || tensor.stem === 'attn_k')) {
    const steps = restoreHeads(shape, subject.heads[tensor.stem](Number(tensor.block ?? 0)));
    return steps === null ? null : { ...plain, views: [{ name, row, steps }], transforms: ['rotary'] };
  }
  const otherRow = other.find(name);
  if (otherRow === undefined || !other.isReadable(otherRow)) return plain;
  const onOther = (transform: Transform, step: Step): Undone => ({
    ...plain,
    otherViews: [{ name, row: otherRow, steps: [step] }],
    transforms: [transform],
  });
  const otherShape = other.shape(otherRow);
  if (architecture.addsOne === true && tensor.stem.endsWith('norm') && tensor.suffix === '.weight')
    return onOther('add_one', { operation: 'add', numbers: [1] });
  if (architecture.transposed?.includes(tensor.stem) === true && shape.length === 2 && otherShape.length === 2)
    return onOther('transpose', { operation: 'permute', numbers: [1, 0] });
  const isSqueezed = shape.length !== otherShape.length && withoutOnes(shape) === withoutOnes(otherShape);
  if (!isSqueezed) return plain;
  return { ...plain, views: [{ name, row, steps: [{ operation: 'reshape', numbers: [...otherShape] }] }], transforms: ['shape'] };
}

/** Rows of each head from (d/2, 2) back to (2, d/2): the inverse of `LlamaModel.permute`. Null where the shape has no such rows. */
export function restoreHeads([rows = 0, ...rest]: readonly number[], heads: number): Step[] | null {
  const half = rows / heads / 2;
  if (!Number.isInteger(heads) || !Number.isInteger(half) || half < 1) return null;
  return [
    { operation: 'reshape', numbers: [heads, half, 2, ...rest] },
    { operation: 'permute', numbers: [0, 2, 1, ...rest.map((_, axis) => axis + 3)] },
    { operation: 'reshape', numbers: [rows, ...rest] },
  ];
}

/** Most experts of a tensor; the largest known models have 512. */
const MOST_EXPERTS = 4096;

function splitExperts(name: string, row: number, [experts = 0, ...rest]: readonly number[]): Undone | null {
  if (rest.length === 0 || experts > MOST_EXPERTS) return null;
  const views = Array.from({ length: experts }, (_, expert): NamedView => ({
    name: name.replace('{e}', `${expert}`),
    row,
    steps: [
      { operation: 'slice', numbers: [expert, expert + 1] },
      { operation: 'reshape', numbers: [...rest] },
    ],
  }));
  return { views, otherViews: [], transforms: ['experts'] };
}

function withoutOnes(shape: readonly number[]): string {
  return shape.filter((dim) => dim !== 1).join(' ');
}

/** Reads the numbers of heads: one for all blocks, or one for each. NaN where the file does not tell. */
export function readHeads(metadata: Readonly<Record<string, string>>, architecture: string): Heads {
  const read = (key: string): unknown => {
    try {
      return JSON.parse(metadata[`${architecture}.attention.${key}`] ?? 'null') as unknown;
    } catch {
      return null;
    }
  };
  const [queries, keys] = [read('head_count'), read('head_count_kv')];
  const at = (value: unknown, block: number): number => {
    const one: unknown = Array.isArray(value) ? value[block] : value;
    return typeof one === 'number' ? one : Number.NaN;
  };
  return { attn_q: (block) => at(queries, block), attn_k: (block) => at(keys ?? queries, block) };
}
