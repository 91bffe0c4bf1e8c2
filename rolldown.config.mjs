import { defineConfig } from 'rolldown';
import { esmExternalRequirePlugin } from 'rolldown/plugins';
import { LAYER_GROUPS } from './scripts/lib/layers.mjs';
import { undiciPlugin } from './scripts/lib/undici-plugin.mjs';

/** The two entries of the package. `src/native` loads the add-on at run time; nothing else stays outside. */
export default defineConfig({
  input: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
  platform: 'node',
  plugins: [
    {
      // commander loads it for commands that are programs of their own. There are none here, and it takes 3 ms.
      name: 'commander without child_process',
      resolveId: {
        filter: { id: /^node:child_process$/ },
        handler: (_, importer) => (importer?.includes('/commander/') === true ? '\0child_process' : null),
      },
      load: { filter: { id: /^\0child_process$/ }, handler: () => 'export {};' },
    },
    undiciPlugin(),
    // What commander requires of Node becomes an import: a `createRequire` at the start of every chunk would end bundles in CommonJS.
    esmExternalRequirePlugin({ external: [/^node:/] }),
  ],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunk-[name].js',
    codeSplitting: { groups: LAYER_GROUPS },
    // Node reads all of it at every start. Names outside of functions stay as they are, for the traces of errors, and those of classes, for messages.
    comments: false,
    minify: process.env.MODEL_DIFF_SOURCEMAP !== '1' && {
      compress: false,
      mangle: { toplevel: false, keepNames: { class: true, function: false } },
      codegen: { removeWhitespace: true },
    },
    // Only the coverage run needs them; what is published has none.
    sourcemap: process.env.MODEL_DIFF_SOURCEMAP === '1',
  },
});
