import type { LayerType } from './layer-type.ts';

/** What a tensor is to its module. */
export type TensorKind = 'weight' | 'bias' | 'buffer';

/** Part of a model that is made of several networks. */
export type Tower = 'vision' | 'audio' | 'text' | 'encoder' | 'decoder' | 'unet';

/** What the rules say of one name. */
export interface NameClass {
  /** One of `LayerType`, or a type that the user's patterns name. */
  readonly type: LayerType | (string & {});
  /** Role within the type, as `q`, `down`, `expert`; null where there is none. */
  readonly role: string | null;
  readonly kind: TensorKind;
  /** Type of the layer that an adapter sits on; null for everything else and where it is unknown. */
  readonly target: LayerType | null;
}

/** Class of a tensor and its place in the model. */
export interface TensorClass extends NameClass {
  /** Part of a model with several networks, from the leading segments; null where none is named. */
  readonly tower: Tower | null;
  /** Path of the stack of blocks, as `model.layers`; null outside stacks. */
  readonly stack: string | null;
  /** Index of the block in its stack, in order of depth; null outside stacks. */
  readonly depth: number | null;
  /** Index of the expert that the tensor is a part of; null for everything else. */
  readonly expert: number | null;
  /** Name with the indices of blocks and experts replaced by `#`: the same for one tensor of every block. */
  readonly key: string;
}

/** What is known of the tensors around one. */
export interface Surroundings {
  /** Names of the children of the module that holds the tensor's owner, lower case. */
  readonly siblings: ReadonlySet<string>;
  /** Number of dimensions of the `weight` beside a bias; null where there is none. */
  readonly weightDims: number | null;
}
