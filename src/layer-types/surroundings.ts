import type { FormedName, NameForm } from './name-form.ts';
import { viewName } from './name-view.ts';
import type { Surroundings } from './tensor-class.ts';
import { isIndex, readWords, type Word } from './vocabulary.ts';

/** A tensor as the rules see it. */
export interface NamedShape {
  readonly name: string;
  /** Sizes of the dimensions; null where unknown. */
  readonly shape: readonly number[] | null;
}

/** Surroundings of tensors, for the few that are not decided by name and shape alone. */
export interface Neighbourhood {
  /** What stands beside a row, and a text that is equal for equal surroundings. */
  readonly around: (row: number) => { readonly surroundings: Surroundings; readonly signature: string };
}

/** Words that a sibling can tell something by. */
const TELLING: readonly Word[] = ['ssmOwner', 'attentionOwner', 'gatePartner', 'experts'];
/** How a weight ends, with a norm of its own too (old and new spelling). */
const WEIGHT = /(weight|weight_v|parametrizations\.weight\.original1)$/;
/** More siblings than this tell nothing new. */
const MOST_SIBLINGS = 64;
/** What stands beside a tensor about which nothing is known. */
export const ALONE: Surroundings = { siblings: new Set(), weightDims: null };

/** A module on the way to a tensor: how many segments lead to it, and how many slots of the form they hold. */
interface Container {
  readonly path: string;
  readonly slots: number;
}

/** A child that a form of names gives to a module. */
interface Offer extends Container {
  readonly child: string;
  /** First indices of the modules that have been told of it. */
  readonly seen: Set<number>;
}

/** Reads what stands beside every tensor of a model that lives in the same kind of module as one of `askers`. */
export function readNeighbourhood(
  tensors: readonly NamedShape[],
  names: readonly (FormedName | null)[],
  askers: ReadonlySet<NameForm>,
): Neighbourhood {
  const containers = new Map<NameForm, Container>();
  for (const form of askers) containers.set(form, containerOf(form, ownerAt(form)));
  const wanted = new Set([...containers.values()].map((container) => container.path));
  const siblings = new Map<string, Set<string>>();
  const offers = new Map<NameForm, readonly Offer[]>();
  for (const name of names) {
    if (name === null) continue;
    let offer = offers.get(name.form);
    if (offer === undefined) offers.set(name.form, (offer = readOffers(name.form).filter(({ path }) => wanted.has(path))));
    for (const { path, slots, child, seen } of offer) {
      // A block is noted once: its experts all offer the same.
      const block = slots === 1 ? (name.indices[0] ?? -1) : -1;
      if (slots < 2 && seen.has(block)) continue;
      seen.add(block);
      const id = identify({ path, slots }, name.indices);
      const known = siblings.get(id);
      if (known === undefined) siblings.set(id, new Set([child]));
      else if (known.size < MOST_SIBLINGS) known.add(child);
    }
  }
  const weightDims = new Map<string, number>();
  const isAsked = [...askers].some((form) => form.split.segments.at(-1) === 'bias');
  for (const { name, shape } of isAsked ? tensors : [])
    if (shape !== null) {
      const end = WEIGHT.exec(name);
      if (end !== null) weightDims.set(name.slice(0, end.index), shape.length);
    }
  const signatures = new Map<ReadonlySet<string>, string>();
  const sign = (set: ReadonlySet<string>): string => {
    let signature = signatures.get(set);
    if (signature === undefined) signatures.set(set, (signature = [...set].sort().join()));
    return signature;
  };
  return {
    around: (row) => {
      const name = names[row];
      const container = name ? containers.get(name.form) : undefined;
      const beside = (container && name && siblings.get(identify(container, name.indices))) ?? ALONE.siblings;
      const text = tensors[row]?.name ?? '';
      const dims = text.endsWith('bias') ? (weightDims.get(text.slice(0, -4)) ?? null) : null;
      return { surroundings: { siblings: beside, weightDims: dims }, signature: `${dims} ${sign(beside)}` };
    },
  };
}

function ownerAt(form: NameForm): number {
  return viewName(form.split, null, ALONE).ownerAt;
}

function containerOf(form: NameForm, at: number): Container {
  const segments = form.split.segments.slice(0, Math.max(at, 0));
  return { path: segments.join('.'), slots: segments.filter((segment) => isIndex(segment)).length };
}

/** What a tensor is to the modules around it: its owner is a child of one, and experts and recurrences are beside it although their tensors lie deeper. */
function readOffers(form: NameForm): Offer[] {
  const { segments } = form.split;
  const offers: Offer[] = [];
  const at = ownerAt(form);
  const owner = segments[at] ?? '';
  if (TELLING.some((word) => readWords(owner).has(word)))
    offers.push({ ...containerOf(form, at), child: owner, seen: new Set() });
  for (let inner = 1; inner < at; inner += 1) {
    const segment = segments[inner] ?? '';
    const words = readWords(segment);
    if (words.has('experts') || words.has('ssmAncestor'))
      offers.push({ ...containerOf(form, inner), child: segment, seen: new Set() });
  }
  return offers;
}

function identify(container: Container, indices: readonly number[]): string {
  return `${container.path}\n${indices.slice(0, container.slots).join()}`;
}
