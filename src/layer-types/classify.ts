import type { LayerType } from './layer-type.ts';
import { createFormReader, type NameForm } from './name-form.ts';
import { viewName, type NameView } from './name-view.ts';
import { readRole } from './roles.ts';
import { RULES } from './rules.ts';
import { LONGEST_NAME, splitName, type SplitName } from './split-name.ts';
import { placeTensors } from './stacks.ts';
import { ALONE, readNeighbourhood, type NamedShape } from './surroundings.ts';
import type { NameClass, Surroundings, TensorClass, TensorKind } from './tensor-class.ts';
import { readTower } from './tower.ts';
import type { UserTypes } from './user-patterns.ts';
import { readWords } from './vocabulary.ts';

const UNREADABLE: NameClass = { type: 'other', role: null, kind: 'weight', target: null };

/**
 * Layer type, role and kind of one tensor.
 * @param shape sizes of the dimensions; null where unknown
 * @param around names of the modules beside the tensor's owner, which tell a state-space mixer from attention
 */
export function classifyName(
  name: string,
  shape: readonly number[] | null = null,
  around: Partial<Surroundings> = {},
): NameClass {
  if (name.length > LONGEST_NAME) return UNREADABLE;
  return decide(splitName(name), shape?.length ?? null, { ...ALONE, ...around });
}

/** Classes of all tensors of a model, which see each other as surroundings, and their places in the stacks of blocks. */
export function classifyTensors(tensors: readonly NamedShape[], userTypes: UserTypes | null = null): TensorClass[] {
  const read = createFormReader();
  const names = tensors.map((tensor) => read(tensor.name));
  const places = placeTensors(names);
  const towers = new Map<NameForm, TensorClass['tower']>();
  const classes = classifyForms(tensors, names);
  return tensors.map(({ name }, row) => {
    const form = names[row]?.form;
    const place = places[row];
    const base = classes[row] ?? UNREADABLE;
    const type = userTypes?.(name) ?? base.type;
    if (form === undefined || place === undefined)
      return { ...UNREADABLE, type, tower: null, stack: null, depth: null, expert: null, key: name };
    let tower = towers.get(form);
    if (tower === undefined) towers.set(form, (tower = readTower(form.split.segments)));
    const { kind, target } = base;
    return {
      type,
      role: type === base.type ? base.role : null,
      kind,
      target,
      tower,
      stack: place.stack,
      depth: place.depth,
      expert: place.expert,
      key: place.key,
    };
  });
}

/** Decides once for each form and number of dimensions; only forms whose rules asked for surroundings are decided tensor by tensor. */
function classifyForms(tensors: readonly NamedShape[], names: ReturnType<ReturnType<typeof createFormReader>>[]): NameClass[] {
  const known = new Map<NameForm, Map<number | null, NameClass>>();
  const askers = new Set<NameForm>();
  const classes = names.map((name, row) => {
    if (name === null) return UNREADABLE;
    const dims = tensors[row]?.shape?.length ?? null;
    const byDims = known.get(name.form) ?? new Map<number | null, NameClass>();
    known.set(name.form, byDims);
    let answer = byDims.get(dims);
    if (answer === undefined) {
      answer = decide(
        name.form.split,
        dims,
        watch(() => askers.add(name.form)),
      );
      byDims.set(dims, answer);
    }
    return answer;
  });
  if (askers.size === 0) return classes;
  const neighbourhood = readNeighbourhood(tensors, names, askers);
  const again = new Map<NameForm, Map<string, NameClass>>([...askers].map((form) => [form, new Map()]));
  return classes.map((answer, row) => {
    const name = names[row];
    const decided = name ? again.get(name.form) : undefined;
    if (!name || decided === undefined) return answer;
    const dims = tensors[row]?.shape?.length ?? null;
    const { surroundings, signature } = neighbourhood.around(row);
    const question = `${dims} ${signature}`;
    let better = decided.get(question);
    if (better === undefined) decided.set(question, (better = decide(name.form.split, dims, surroundings)));
    return better;
  });
}

/** Empty surroundings that tell when they are looked at. */
function watch(onLook: () => void): Surroundings {
  return {
    get siblings(): ReadonlySet<string> {
      onLook();
      return ALONE.siblings;
    },
    get weightDims(): null {
      onLook();
      return null;
    },
  };
}

function decide(split: SplitName, dims: number | null, around: Surroundings): NameClass {
  const view = viewName(split, dims, around);
  const type = findType(view);
  if (type === 'adapter') {
    const target = classifyTarget(split, around);
    return { type, role: target?.role ?? null, kind: 'weight', target: target?.type ?? null };
  }
  return { type, role: readRole(type, view), kind: readKind(type, view), target: null };
}

function findType(view: NameView): LayerType {
  return RULES.find((rule) => rule.test(view))?.type ?? 'other';
}

/** Class of the layer that an adapter sits on: of its name without the adapter's own segments. */
function classifyTarget(
  split: SplitName,
  around: Surroundings,
): { readonly type: LayerType; readonly role: string | null } | null {
  const keep = split.segments.map((segment) => !readWords(segment).has('adapter') && segment !== 'alpha' && segment !== 'weight');
  const raw = split.raw.filter((_, at) => keep[at]);
  const view = viewName({ ...split, raw, segments: raw.map((segment) => segment.toLowerCase()) }, 2, around);
  const type = findType(view);
  return type === 'other' || type === 'adapter' ? null : { type, role: readRole(type, view) };
}

function readKind(type: LayerType, { leaf }: NameView): TensorKind {
  if (type === 'buffer' || readWords(leaf).has('batchStatistic')) return 'buffer';
  return leaf === 'beta' || /^bias(_|\d|$)|_bias$/.test(leaf) ? 'bias' : 'weight';
}
