import { readLevels, type Level } from './index-levels.ts';
import { LONGEST_NAME, splitName, type SplitName } from './split-name.ts';

/** Stands for an index in the names that share a form. */
export const SLOT = '\u0001';

/** What names share that differ in their indices alone. A model of 100,000 tensors has a few dozen forms. */
export interface NameForm {
  readonly split: SplitName;
  readonly levels: readonly Level[];
}

/** A name as its form and the indices that fill the slots. */
export interface FormedName {
  readonly form: NameForm;
  readonly indices: readonly number[];
}

/** Reads the forms of many names; one reader for one model. Null for a name too long to look at. */
export function createFormReader(): (name: string) => FormedName | null {
  const forms = new Map<string, NameForm>();
  return (name) => {
    if (name.length > LONGEST_NAME) return null;
    const { skeleton, indices } = maskIndices(name);
    let form = forms.get(skeleton);
    if (form === undefined) {
      const split = splitName(skeleton);
      form = { split, levels: readLevels(split) };
      forms.set(skeleton, form);
    }
    return { form, indices };
  };
}

/** Replaces segments that are indices by slots, but for the one right before the leaf: `mlp.0.weight` and `mlp.2.weight` play different roles. */
function maskIndices(name: string): { readonly skeleton: string; readonly indices: readonly number[] } {
  const indices: number[] = [];
  if (name.includes(SLOT)) return { skeleton: name, indices };
  let skeleton = '';
  let copied = 0;
  let start = 0;
  let isDigits = true;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code !== 46 && code !== 47) {
      if (code < 48 || code > 57) isDigits = false;
      continue;
    }
    if (isDigits && at > start && at - start <= 6 && hasSeparator(name, at + 1)) {
      skeleton += name.slice(copied, start) + SLOT;
      indices.push(Number(name.slice(start, at)));
      copied = at;
    }
    start = at + 1;
    isDigits = true;
  }
  return { skeleton: skeleton + name.slice(copied), indices };
}

function hasSeparator(name: string, from: number): boolean {
  return name.includes('.', from) || name.includes('/', from);
}
