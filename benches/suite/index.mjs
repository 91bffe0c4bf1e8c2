/** All benchmarks, in the order in which they run. A new one is a file and a line here. */
import { cold } from './cold.mjs';
import { formats } from './formats.mjs';
import { giant } from './giant.mjs';
import { instructions } from './instructions.mjs';
import { kernels } from './kernels.mjs';
import { pages } from './pages.mjs';
import { parts } from './parts.mjs';
import { quantised } from './quantised.mjs';
import { scaling } from './scaling.mjs';
import { sparse } from './sparse.mjs';
import { start } from './start.mjs';
import { tiny } from './tiny.mjs';
import { views } from './views.mjs';
import { whole } from './whole.mjs';

/**
 * @typedef {object} Bench
 * @property {string} what One line that says what is measured.
 * @property {(options: import('../harness/options.mjs').Options) => number} disk Bytes that it has on disk at most.
 * @property {(options: import('../harness/options.mjs').Options, scratch: string) => Promise<object>} run
 *   Measures, with files in the folder `scratch`, which is removed afterwards.
 */

/** @type {Readonly<Record<string, Bench>>} */
export const BENCHES = {
  instructions,
  start,
  pages,
  sparse,
  tiny,
  kernels,
  views,
  quantised,
  giant,
  formats,
  scaling,
  parts,
  whole,
  cold,
};
