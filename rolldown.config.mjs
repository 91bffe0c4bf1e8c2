import { defineConfig } from 'rolldown';

/** The two entries of the package. `native.ts` loads `binding.cjs` at run time, from beside the bundle; nothing else stays outside. */
export default defineConfig({
  input: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
  platform: 'node',
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunk-[name].js',
    // Only the coverage run needs them; what is published has none.
    sourcemap: process.env.MODEL_DIFF_SOURCEMAP === '1',
  },
});
