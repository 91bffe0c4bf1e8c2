/** What people do to checkpoints, each with what must be said of it and what must not. */
import { TRAINING_KINDS } from './training.ts';
import { PLACE_KINDS } from './places.ts';
import { ROUNDING_KINDS } from './roundings.ts';
import { FORM_KINDS } from './forms.ts';
import { COVERAGE_KINDS } from './coverage.ts';
import { DEPTH_KINDS } from './depth.ts';
import { FAULT_KINDS } from './faults.ts';
import { GRID_KINDS } from './grids.ts';
import { MOVE_KINDS } from './moves.ts';
import type { Kind } from './kind.ts';

export const KINDS: readonly Kind[] = [
  ...TRAINING_KINDS,
  ...PLACE_KINDS,
  ...ROUNDING_KINDS,
  ...FORM_KINDS,
  ...DEPTH_KINDS,
  ...COVERAGE_KINDS,
  ...GRID_KINDS,
  ...MOVE_KINDS,
  ...FAULT_KINDS,
];
