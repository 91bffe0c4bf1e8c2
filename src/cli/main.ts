#!/usr/bin/env node
import { TOOL } from '../tool.ts';

const args = process.argv.slice(2);

// Scripts and editors ask for the version again and again: nothing else is loaded for it.
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${TOOL.version}\n`);
} else {
  keepCompiled();
  // No top-level await: the status is set when the work is done, and the process ends when nothing is left to do.
  void import('./run.ts').then(({ run }) => run(args));
}

/** Node 22.8 and later keeps compiled code in the temporary folder: the next start takes half the time. */
function keepCompiled(): void {
  const { enableCompileCache } = process.getBuiltinModule('node:module') as { enableCompileCache?: () => unknown };
  enableCompileCache?.();
}
