/** Opens checkpoints through the package: `open.mjs PATH ...`. Prints the time of all, and of the slowest. */
import { loadCheckpoint } from 'model-diff';

const times = [];
const opened = [];
for (const path of process.argv.slice(2)) {
  const started = performance.now();
  opened.push(await loadCheckpoint(path));
  times.push((performance.now() - started) / 1000);
}
const seconds = times.reduce((sum, time) => sum + time, 0);
const tensors = opened.reduce((sum, { layerNames }) => sum + layerNames.length, 0);
console.log(JSON.stringify({ seconds, slowest: Math.max(...times), tensors, bytes: opened[0]?.sizeBytes ?? 0 }));
