/** Compares two checkpoints through the package: `compare.mjs OLD NEW [CONFIGURATION]`. Prints the time of the call. */
import { compareCheckpoints } from 'model-diff';

const [old = '', newer = '', config = '{}'] = process.argv.slice(2);
const started = performance.now();
const { diffs } = await compareCheckpoints(old, newer, JSON.parse(config));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, listed: diffs.length }));
