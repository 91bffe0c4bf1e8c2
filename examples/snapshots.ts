/**
 * A training loop that compares what it holds in memory with what it held before, 500 times. Nothing has to be closed: a snapshot that
 * is not reachable any more is freed. `close()`, or `using`, frees it at once.
 *
 *   npx tsx examples/snapshots.ts
 */
import { Checkpoint, compare } from 'model-diff';

/** Weights that training changes in place, by name. */
export type Weights = Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>;

/** Runs the steps, and tells after each of them how far it went: |d| / |old| over the tensors that changed most. */
export async function train(
  weights: Weights,
  steps: number,
  update: (weights: Weights, step: number) => void,
  onStep: (step: number, tensor: string, change: number) => void,
): Promise<void> {
  let before = Checkpoint.fromTensors(weights);
  for (let step = 1; step <= steps; step += 1) {
    update(weights, step);
    const after = Checkpoint.fromTensors(weights);
    const { summary, diffs } = await compare(before, after);
    const most = diffs.find(({ relativeChange }) => relativeChange === summary.relativeChange?.max);
    if (most !== undefined) onStep(step, most.name, most.relativeChange ?? 0);
    before = after;
  }
}

if (process.argv[1] === import.meta.filename) {
  const weights = {
    embedding: { data: new Float32Array(2 ** 18).fill(1), shape: [2 ** 10, 2 ** 8] },
    head: { data: new Float32Array(2 ** 16).fill(1), shape: [2 ** 8, 2 ** 8] },
  };
  const update = ({ head }: Weights): void => head?.data.set(head.data.map((value) => value * 1.001));
  await train(weights, 500, update, (step, tensor, change) => {
    if (step % 100 === 0) console.log(`step ${step}: ${tensor} moved by ${(change * 100).toFixed(2)}%`);
  });
}
