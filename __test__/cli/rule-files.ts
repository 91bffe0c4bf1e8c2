import { join } from 'node:path';
import { makeFolder, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

/** A folder for one test file, gone when its process ends. */
export const folder = makeFolder();

/** One tensor that lost half of its length, one that stays, one that turned by a right angle, one that changed a little. */
export const OLD = [
  { name: 'block.0.half', shape: [2], values: [3, 4] },
  { name: 'block.0.same', shape: [2], values: [1, 2] },
  { name: 'block.1.turned', shape: [2], values: [1, 0] },
  { name: 'norm.weight', shape: [2], values: [1, 1] },
];
export const NEW = [
  { name: 'block.0.half', shape: [2], values: [1.5, 2] },
  { name: 'block.0.same', shape: [2], values: [1, 2] },
  { name: 'block.1.turned', shape: [2], values: [0, 1] },
  { name: 'norm.weight', shape: [2], values: [1, 1.01] },
];
export const base = write('base', OLD);
export const tuned = write('tuned', NEW);
export const grown = write('grown', [...OLD, { name: 'head.weight', shape: [2], values: [1, 1] }]);
export const wide = write('wide', [...OLD.slice(1), { name: 'block.0.half', shape: [3], values: [3, 4, 5] }]);
export const half = write('half', [...OLD.slice(1), { name: 'block.0.half', dtype: 'F16', shape: [2] }]);
export const broken = write('broken', [...OLD.slice(1), { name: 'block.0.half', shape: [2], values: [Number.NaN, 4] }]);
export const allBroken = write('all-broken', [
  ...OLD.slice(1),
  { name: 'block.0.half', shape: [2], values: [Number.NaN, Infinity] },
]);
export const zero = write('zero', [...OLD.slice(1), { name: 'block.0.half', shape: [2], values: [0, 0] }]);

/** Writes a checkpoint. */
export function write(name: string, tensors: Parameters<typeof writeSafetensors>[1]): string {
  return writeSafetensors(join(folder.path, `${name}.safetensors`), tensors);
}

/** What of a JSON report is looked at. */
export interface Saved {
  readonly rules: readonly {
    readonly rule: string;
    readonly status: string;
    readonly value: number | null;
    readonly tensors: number;
    readonly broken: number;
    readonly message: string;
    readonly worst: readonly { readonly name: string; readonly value: number | null; readonly note: string }[];
  }[];
}

/** Exit status and rules of one run. */
export async function check(old: string, next: string, ...args: string[]): Promise<[number | null, Saved['rules']]> {
  const { code, stdout } = await run([old, next, '--json', ...args]);
  return [code, stdout === '' ? [] : (JSON.parse(stdout) as Saved).rules];
}
