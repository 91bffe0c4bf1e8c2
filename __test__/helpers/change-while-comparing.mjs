/**
 * Compares pairs of files and changes the new one of each in the middle: the first pair in the main thread, the others in workers.
 * `node change-while-comparing.mjs '{"pairs": [[old, new], …], "change": "truncate", "handler": "before"}'`; prints JSON.
 */
import { closeSync, copyFileSync, openSync, readFileSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { ModelDiff, loadCheckpoint } from 'model-diff';

const CHANGES = {
  truncate: (path) => truncateSync(path, 2 ** 20),
  replace: (path) => renameSync(`${path}.other`, path),
  overwrite: (path) => {
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(4096, 1), 0, 4096, 2 ** 20);
    closeSync(file);
  },
};

const isMapped = (path) => process.platform === 'linux' && readFileSync('/proc/self/maps', 'utf8').includes(path);

/** What came of it, and whether the file was mapped while it was read. */
async function compareWhile([oldPath, newPath], change) {
  const checkpoints = [await loadCheckpoint(oldPath), await loadCheckpoint(newPath)];
  // To copy takes as long as to compare.
  if (change === 'replace') copyFileSync(newPath, `${newPath}.other`);
  let mapped = null;
  const onProgress = ({ bytesDone, bytesTotal }) => {
    if (mapped !== null || bytesDone === 0 || bytesDone === bytesTotal) return;
    mapped = isMapped(newPath);
    CHANGES[change]?.(newPath);
  };
  const outcome = await new ModelDiff({ threads: 1 }).diff(...checkpoints, { onProgress }).then(
    () => 'compared',
    (error) => `${error.code} ${error.path}`,
  );
  for (const checkpoint of checkpoints) checkpoint.close();
  return { outcome: mapped === null ? `not in the middle: ${outcome}` : outcome, mapped };
}

/** Whether a signal that is sent reaches the program's own handler. */
function isDelivered() {
  return new Promise((resolve) => {
    // Listening for a signal does not keep a process alive.
    const timer = setTimeout(resolve, 10_000, false);
    process.once('SIGBUS', () => {
      clearTimeout(timer);
      resolve(true);
    });
    process.kill(process.pid, 'SIGBUS');
  });
}

function inWorker(pair, change) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { pair, change } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function main({ pairs: [pair, ...others], change, handler }) {
  let delivered = null;
  const listen = () => process.on('SIGBUS', () => {});
  if (handler === 'before') listen();
  let earlier = null;
  if (handler === 'after') {
    // Maps are in use, and the guard is installed, when the program's handler takes its place.
    earlier = await compareWhile(others.pop(), 'none');
    listen();
  }
  const results = await Promise.all([compareWhile(pair, change), ...others.map((other) => inWorker(other, change))]);
  if (handler !== undefined) delivered = await isDelivered();
  console.log(JSON.stringify({ results, earlier, delivered }));
}

if (isMainThread) await main(JSON.parse(process.argv[2]));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none
else parentPort.postMessage(await compareWhile(workerData.pair, workerData.change));
