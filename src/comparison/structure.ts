import type { Finding } from '../checkpoint/types.ts';
import type { Provenance } from './provenance.ts';
import type { ConfigChange } from './summary.ts';
import type { NameChange } from '../names/name-change.ts';

/** A tensor as a header describes it. */
export interface TensorShape {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A tensor that both sides have, in another form. */
export interface StructureChange {
  /** As it is matched. */
  readonly name: string;
  readonly old: Omit<TensorShape, 'name'>;
  readonly new: Omit<TensorShape, 'name'>;
}

/** One side of a comparison of structures. */
export interface StructureSide {
  readonly name: string;
  readonly format: string;
  readonly tensors: number;
  readonly parameters: number;
  /** Bytes of all tensors. */
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** What the headers and the configuration of two checkpoints tell of their differences. Nothing in it is said of values: none was read. */
export interface StructureComparison {
  readonly old: StructureSide;
  readonly new: StructureSide;
  /** Tensors with the same name, shape and dtype. */
  readonly sameTensors: number;
  readonly added: readonly TensorShape[];
  readonly removed: readonly TensorShape[];
  /** Their dtype may differ too. */
  readonly reshaped: readonly StructureChange[];
  /** Of the same shape. */
  readonly retyped: readonly StructureChange[];
  readonly configChanges: readonly ConfigChange[];
  /** Sides of which no configuration is known, while the other has some. */
  readonly unconfigured: readonly ('old' | 'new')[];
  readonly nameChanges: readonly NameChange[];
  /** Whether names, shapes, dtypes and configuration are the same. */
  readonly isSame: boolean;
  /** The result in a sentence or two. */
  readonly verdict: string;
  /** null where it was not asked for. */
  readonly provenance: Provenance | null;
}
