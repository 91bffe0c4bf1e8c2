/** Words of groups: what a type, a role, a tower is called in a sentence. */
import type { TensorClass } from '../../layer-types/tensor-class.ts';
import type { Key, Members } from './members.ts';
import type { ModuleGroup } from './types.ts';

/** A noun of a group: as the blocks have it (`the norms`), and whether it takes the plural. */
interface Noun {
  readonly word: string;
  readonly isPlural: boolean;
}

const noun = (word: string, isPlural: boolean): Noun => ({ word, isPlural });

/** What types are called; every other by its own name. */
const TYPES: ReadonlyMap<string, Noun> = new Map([
  ['attention', noun('attention', false)],
  ['mlp', noun('MLPs', true)],
  ['router', noun('routers', true)],
  ['embedding', noun('embeddings', true)],
  ['position', noun('position embeddings', true)],
  ['norm', noun('norms', true)],
  ['output', noun('heads', true)],
  ['conv', noun('convolutions', true)],
  ['ssm', noun('state-space layers', true)],
  ['projector', noun('projector', false)],
  ['conditioning', noun('conditioning', false)],
  ['adapter', noun('adapters', true)],
  ['quant', noun('scales of quantised weights', true)],
  ['buffer', noun('buffers', true)],
]);

const ROLES: ReadonlyMap<string, Noun> = new Map([
  ['mlp expert', noun('experts', true)],
  ['mlp shared_expert', noun('shared experts', true)],
  ['output classifier', noun('classifier head', false)],
]);

const TOWERS: ReadonlyMap<string, string> = new Map([
  ['vision', 'vision tower'],
  ['audio', 'audio tower'],
  ['text', 'text encoder'],
  ['encoder', 'encoder'],
  ['decoder', 'decoder'],
  ['unet', 'U-Net'],
]);

/** Longer names are cut at their start: they come from files. */
const LONGEST = 60;

/** A name that fits into a sentence. */
export function cutName(name: string): string {
  return name.length <= LONGEST ? name : `…${name.slice(1 - LONGEST)}`;
}

/** What a type of layer is called: `attention`, `MLPs`, `routers`. */
export function nameType(type: string): { readonly word: string; readonly isPlural: boolean } {
  return TYPES.get(type) ?? noun(cutName(type), false);
}

/** What a part of a model is called: `vision tower`. A tower of text is a language model where the names in it say so. */
export function nameTower(tower: string, keys: Iterable<Pick<TensorClass, 'tower' | 'key'>>): string {
  if (tower === 'text')
    for (const own of keys) if (own.tower === tower && /(^|[./])(language_model|llm)[./]/i.test(own.key)) return 'language model';
  return TOWERS.get(tower) ?? cutName(tower);
}

/** A group with its article, as `the norms`, `attention`, `q_proj`, `all biases`. */
export interface GroupWords {
  readonly text: string;
  readonly isPlural: boolean;
}

/** Words of a group of the whole model, of which every member is meant. */
export function nameWholeGroup(group: ModuleGroup, members: Members): GroupWords {
  const { by, value } = group;
  if (by === 'tower') return { text: `the ${nameTower(value, classesOf(members))}`, isPlural: false };
  if (by === 'top') return { text: `all of ${cutName(value)}`, isPlural: false };
  if (by === 'segment') return { text: cutName(value), isPlural: true };
  const { text, isPlural } = nameGroup(group, members, -1);
  return { text: isPlural && !ALONE.has(value) ? text.replace(/^the /, 'all ') : text, isPlural };
}

/** Groups that are few enough to be called by `the`. */
const ALONE = new Set(['embedding', 'position', 'output', 'router', 'all']);

/** Words of a group in a stack, or outside of all. */
export function nameGroup(group: ModuleGroup, members: Members, stack: number): GroupWords {
  const { by, value } = group;
  const article = (found: Noun): GroupWords => ({
    text: found.word === 'attention' || found.word === 'conditioning' ? found.word : `the ${found.word}`,
    isPlural: found.isPlural,
  });
  switch (by) {
    case 'type': {
      const words = article(nameType(value));
      if (value !== 'projector') return words;
      const count = members.keys.reduce((sum, key) => sum + (key.class.type === value ? countTensors(key) : 0), 0);
      return { text: `${words.text} (${count} tensor${count === 1 ? '' : 's'})`, isPlural: false };
    }
    case 'embeddings':
      return { text: 'the embeddings', isPlural: true };
    case 'role':
      return article(ROLES.get(value) ?? noun(value, false));
    case 'kind':
      return { text: 'the biases', isPlural: true };
    case 'type_kind': {
      const [type = '', kind = ''] = value.split(' ');
      const { word } = nameType(type);
      return {
        text: `the ${kind === 'bias' ? 'biases' : 'weights'} of ${word === 'attention' ? word : `the ${word}`}`,
        isPlural: true,
      };
    }
    case 'statistics':
      return { text: 'the batch statistics', isPlural: true };
    case 'module':
      return { text: nameModule(value, members, stack), isPlural: false };
    case 'key': {
      const key = members.keys.find((one) => one.key === value);
      const module = nameModule(key?.module ?? value, members, stack);
      return { text: key === undefined || key.leaf === '' ? module : `${module}.${cutName(key.leaf)}`, isPlural: false };
    }
    case 'inside':
      return { text: nameInside(value, members, stack), isPlural: false };
    case 'tower':
    case 'top':
    case 'segment':
      return { text: cutName(value), isPlural: false };
  }
}

/** Classes of the keys of a model. */
export function classesOf({ keys }: Members): TensorClass[] {
  return keys.map((key) => key.class);
}

function countTensors({ lines }: Key): number {
  return lines.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** Segments that say too little alone. */
const VAGUE = new Set(['projection', 'proj', 'linear', 'dense', 'conv', 'layer', 'output', 'out']);

/** Whether the name of a module tells something by itself. */
export function isTelling(name: string): boolean {
  return name !== '' && !/^\d/.test(name) && !VAGUE.has(name);
}

/** The shortest end of a module's path that no other module of the model ends with; the whole path where another's ends with it. */
function nameModule(path: string, { keys }: Members, stack: number): string {
  const segments = path.split('.');
  const own = keys.filter((key) => stack < 0 || key.stack === stack || key.class.stack === null);
  for (let from = segments.length - 1; from > 0; from -= 1) {
    const end = segments.slice(from).join('.');
    if (!isTelling(end)) continue;
    const isTaken = own.some((key) => key.path.at(-1) === segments.at(-1) && isEnd(key.module, end) && key.module !== path);
    if (!isTaken) return cutName(end);
  }
  return cutName(path);
}

/** The shortest end of the path that no other path of modules in the stack has. */
function nameInside(path: string, { stacks }: Members, stack: number): string {
  const keys = stacks[stack]?.keys ?? [];
  const isOutside = stack === stacks.length - 1;
  const segments = path.split('.');
  for (let from = isOutside ? 0 : segments.length - 1; from > 0; from -= 1) {
    const end = segments.slice(from);
    if (/^\d/.test(end[0] ?? '')) continue;
    const isTaken = keys.some(({ module }) => `.${module}.`.includes(`.${end.join('.')}.`) && !module.startsWith(`${path}.`));
    if (!isTaken) return cutName(end.join('.'));
  }
  return cutName(path);
}

function isEnd(text: string, end: string): boolean {
  return text === end || text.endsWith(`.${end}`);
}
