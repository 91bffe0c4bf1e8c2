/**
 * Which chunk of the bundle a module goes into. Each file costs a millisecond at every start, and so does each 100 kB that is not
 * needed: `--help` reads two of these chunks, a comparison four.
 */
import { join } from 'node:path';
import { root } from './host.mjs';

/**
 * @typedef {import('rolldown').ChunkingContext} Graph
 * @typedef {ReadonlySet<string>} Modules
 */

/** In the order in which they are asked. @type {Record<string, (id: string, sets: { shell: Modules, library: Modules, diff: Modules, later: Modules }) => boolean>} */
const LAYERS = {
  base: (id, { shell, library }) => shell.has(id) && library.has(id),
  shell: (id, { shell }) => shell.has(id),
  core: (id, { library, later }) => library.has(id) && later.has(id),
  commands: (id, { diff }) => diff.has(id),
};

/** For `codeSplitting` of rolldown. */
export const LAYER_GROUPS = Object.keys(LAYERS).map((layer, at, { length }) => ({
  name: (/** @type {string} */ id, /** @type {Graph} */ graph) => (findLayer(id, graph) === layer ? layer : null),
  debugName: layer,
  priority: length - at,
}));

/** @param {string} id @param {Graph} graph */
function findLayer(id, graph) {
  const sets = {
    shell: reach(graph, 'cli/run.ts'),
    library: reach(graph, 'index.ts'),
    diff: reach(graph, 'cli/commands/diff.ts'),
    later: reach(graph, 'cli/commands/diff.ts', true),
  };
  return Object.entries(LAYERS).find(([, holds]) => holds(id, sets))?.[0];
}

/** @type {Map<string, Modules>} */
const known = new Map();

/** Every module that is loaded with the given one; with `lazily` also what it may load later. @param {Graph} graph @param {string} name */
function reach(graph, name, lazily = false) {
  const key = `${name} ${lazily}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = new Set([join(root, 'src', name)]);
  for (const id of found) {
    const module = graph.getModuleInfo(id);
    for (const next of module?.importedIds ?? []) found.add(next);
    if (lazily) for (const next of module?.dynamicallyImportedIds ?? []) found.add(next);
  }
  known.set(key, found);
  return found;
}
