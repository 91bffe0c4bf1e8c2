/** What a kind is, and the words and changes that several kinds share. */
import type { Random } from '../../analysis/random.ts';
import type { Architecture, ModelTensor, Part } from '../architectures.ts';
import { change, type Model, noise, type Tensors, toTensors, type Weights } from '../model.ts';
import type { StorageType } from '../number-formats.ts';

/** A pair and its truth. */
export interface Pair {
  readonly old: Tensors;
  readonly new: Tensors;
  /** All of these must be in the verdict. */
  readonly says: readonly RegExp[];
  /** None of these may be. */
  readonly never: readonly RegExp[];
}

export interface Kind {
  readonly name: string;
  /** Architectures that it makes sense for. @default all */
  readonly applies?: (architecture: Architecture) => boolean;
  /** Storage types of the base model. @default bf16 and f32 */
  readonly dtypes?: readonly StorageType[];
  readonly make: (base: Model, random: Random, architecture: Architecture) => Pair;
}

/** Words for training, of which nothing may be said where the weights are the same in another form. */
export const TRAINING = /fine-tun|trained|pre-training|masked|edited|gradient/i;
export const IDENTICAL = /\bidentical: all|^identical/i;
export const SAME = /same weights/i;
export const CHANGED = /changed/i;
export const has =
  (...parts: Part[]) =>
  ({ tensors }: Architecture): boolean =>
    parts.every((part) => tensors.some((tensor) => tensor.part === part));
export const isDeep = ({ blocks }: Architecture): boolean => blocks >= 4;

export function pair(old: Model, next: Model, says: readonly RegExp[], never: readonly RegExp[] = [IDENTICAL]): Pair {
  return { old: toTensors(old), new: toTensors(next), says, never };
}

/** A dense change of the chosen tensors alone. */
export function tune(base: Model, random: Random, size: number, chosen: (tensor: ModelTensor) => boolean): Model {
  return change(base, (tensor) => (chosen(tensor) ? noise(tensor, size, random) : null));
}

export function replaceValues(base: Model, chosen: (tensor: Weights) => boolean, make: (tensor: Weights) => Float32Array): Model {
  return new Map([...base].map(([name, tensor]) => [name, chosen(tensor) ? { ...tensor, values: make(tensor) } : tensor]));
}

export const firstOf = (base: Model, part: Part): Weights => {
  const found = [...base.values()].find((tensor) => tensor.part === part);
  if (found === undefined) throw new Error(`no ${part}`);
  return found;
};
export const isTrained = ({ part }: ModelTensor): boolean => part !== 'statistics' && part !== 'counter';
