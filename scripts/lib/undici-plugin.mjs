/** What of undici goes into the bundle, for rolldown. One chunk has it, which only the address of something on a server loads. */

import { join, sep } from 'node:path';
import { minify } from 'rolldown/utils';
import { root } from './host.mjs';

/** The folder of the package. */
const FOLDER = join(root, 'node_modules', 'undici') + sep;

/**
 * Modules that no GET over HTTP/1.1 comes to, and their text in the bundle. Bodies of requests are those of fetch, with forms and web IDL behind
 * them. HTTP/2 has to be asked for with `allowH2`. The parser of HTTP comes twice, as WebAssembly with and without SIMD: the second one runs
 * on every processor, and headers are a few hundred bytes for each megabyte of a file.
 */
const REPLACED = new Map(
  Object.entries({
    'lib/web/fetch/body.js': 'module.exports = {};',
    'lib/dispatcher/client-h2.js': 'module.exports = {};',
    'lib/llhttp/llhttp_simd-wasm.js': "module.exports = require('./llhttp-wasm.js');",
  }).map(([name, text]) => [join(FOLDER, name), text]),
);

/** @returns {import('rolldown').Plugin} */
export function undiciPlugin() {
  return {
    name: 'undici',
    load: { filter: { id: [...REPLACED.keys()] }, handler: (id) => REPLACED.get(id) },
    /** Nobody reads a trace into undici, so names are shortened in its chunks, except those of classes, which errors show. */
    async renderChunk(code, { fileName, moduleIds }) {
      if (!moduleIds.some((id) => id.startsWith(FOLDER))) return null;
      const mangle = { keepNames: { class: true, function: false } };
      const codegen = { removeWhitespace: true };
      const made = await minify(fileName, code, { module: true, compress: true, mangle, codegen, sourcemap: true });
      if (made.errors.length > 0) throw new Error(`${fileName}: ${made.errors[0]?.message}`);
      return { code: made.code, map: made.map ?? null };
    },
  };
}
