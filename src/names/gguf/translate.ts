import { type Architecture, ARCHITECTURES } from './architectures.ts';
import { type GgufName, listHuggingFaceNames, parseGgufName } from './hugging-face-names.ts';
import { readHeads, undoTransforms } from './transforms.ts';
import type { NamedTensors, NamedView } from '../named-view.ts';
import type { Transform } from './types.ts';

/** The tensors of a GGUF file as Hugging Face has them. */
export interface Translation {
  readonly architecture: string;
  /** Tensors of the GGUF file, in its order; those that no rule knows are not among them. */
  readonly views: readonly NamedView[];
  /** Rows of the GGUF file that keep their names. */
  readonly unknown: readonly number[];
  /** Those of them that are known and not undone, with what the converter writes. */
  readonly notUndone: ReadonlyMap<number, string>;
  /** Tensors of the other side whose values are taken as the converter makes them. */
  readonly otherViews: readonly NamedView[];
  /** Tensors of the GGUF file that have been transformed, by what was done. */
  readonly transformed: ReadonlyMap<Transform, number>;
}

/** Most tensors that those of a file are made; the largest known models have 100,000. */
const MOST_VIEWS = 1 << 20;

/**
 * Finds Hugging Face's names of the tensors of a GGUF file, and what undoes what the converter did to their values.
 *
 * @param metadata the keys of the file as texts
 * @param other the side that has Hugging Face's names: they decide where there are several for one tensor
 */
export function translateNames(gguf: NamedTensors, metadata: Readonly<Record<string, string>>, other: NamedTensors): Translation {
  const name = metadata['general.architecture'] ?? '';
  const architecture = ARCHITECTURES.get(name);
  const views: NamedView[] = [];
  const otherViews: NamedView[] = [];
  const unknown: number[] = [];
  const notUndone = new Map<number, string>();
  const transformed = new Map<Transform, number>();
  const taken = new Set(gguf.names);
  const parsed = gguf.names.map(parseGgufName);
  const root = architecture === undefined ? '' : chooseRoot(parsed, architecture, other);
  const heads = readHeads(metadata, name);
  for (const [row, tensor] of parsed.entries()) {
    const names = architecture === undefined ? [] : listHuggingFaceNames(tensor, architecture, root);
    const chosen = names.find((one) => other.find(firstExpert(one)) !== undefined) ?? names[0];
    const found =
      architecture === undefined || chosen === undefined
        ? null
        : undoTransforms({ tensor, row, name: chosen, architecture, heads, gguf, other });
    // A name that another tensor has would hide one of the two.
    if (found === null || found.views.some((view) => taken.has(view.name)) || views.length + found.views.length > MOST_VIEWS) {
      unknown.push(row);
      const written = tensor.block === null ? undefined : architecture?.notUndone?.get(tensor.stem);
      if (written !== undefined) notUndone.set(row, written);
      continue;
    }
    for (const view of found.views) taken.add(view.name);
    views.push(...found.views);
    otherViews.push(...found.otherViews);
    for (const transform of found.transforms) transformed.set(transform, (transformed.get(transform) ?? 0) + 1);
  }
  return { architecture: name, views, unknown, notUndone, otherViews, transformed };
}

/** The root with which most names are found on the other side. */
function chooseRoot(parsed: readonly GgufName[], architecture: Architecture, other: NamedTensors): string {
  const counts = architecture.roots.map((root) => {
    const isFound = (tensor: GgufName): boolean =>
      listHuggingFaceNames(tensor, architecture, root).some((name) => other.find(firstExpert(name)) !== undefined);
    return { root, count: parsed.filter(isFound).length };
  });
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).root;
}

function firstExpert(name: string): string {
  return name.replace('{e}', '0');
}
