/**
 * Which chunk of the bundle a module goes into. Each file costs a millisecond at every start, and each 100 kB that is not needed up to four:
 * `--help` reads `base` and `shell`; a comparison reads `compare` and `commands` too, and `analysis`, with the text report, while the add-on is
 * at work. `formats` and `html` are read where they are written, and `remote` and `undici` for the address of something on a server.
 */
import { join } from 'node:path';
import { root } from './host.mjs';

/**
 * @typedef {import('rolldown').ChunkingContext} Graph
 */

/** In the order in which they are asked. @type {Record<string, (id: string, sets: ReturnType<typeof findSets>) => boolean>} */
const LAYERS = {
  base: (id, { shell, library }) => shell.has(id) && library.has(id),
  shell: (id, { shell }) => shell.has(id),
  compare: (id, { library, compare }) => library.has(id) && compare.has(id),
  analysis: (id, { library, analysis }) => library.has(id) && analysis.has(id),
  formats: (id, { formats }) => formats.has(id),
  html: (id, { html }) => html.has(id),
  remote: (id, { remote }) => remote.has(id),
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
  const found = (sets ??= findSets(graph));
  return Object.entries(LAYERS).find(([, holds]) => holds(id, found))?.[0];
}

/** @type {ReturnType<typeof findSets> | undefined} */
let sets;

/** Modules by what loads them. @param {Graph} graph */
function findSets(graph) {
  /** @param {readonly string[]} names */
  const all = (...names) => new Set(names.flatMap((name) => [...reach(graph, name)]));
  return {
    shell: reach(graph, 'cli/run.ts'),
    library: reach(graph, 'index.ts'),
    diff: reach(graph, 'cli/commands/diff.ts'),
    compare: all('cli/commands/diff.ts', 'compare/compare.ts', 'native/threads.ts'),
    analysis: all('analysis/analyze.ts', 'report/report.ts', 'rules/check.ts', 'report/writers/text.ts'),
    formats: all(...['json', 'markdown', 'csv', 'metrics', 'github'].map((name) => `report/writers/${name}.ts`)),
    html: reach(graph, 'report/writers/html.ts'),
    remote: reach(graph, 'remote/open-elsewhere.ts'),
  };
}

/** Every module that is loaded with the given one. @param {Graph} graph @param {string} name */
function reach(graph, name) {
  const found = new Set([join(root, 'src', name)]);
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}
