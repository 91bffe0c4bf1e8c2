import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LeftOut, RunOptions } from '../checkpoint/types.ts';
import type { LeftOutDifference } from '../comparison/left-out.ts';
import { compareCodeUnits } from '../names/order.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';

/** Something that one side or both leave out, with its place in their lists; -1 and undefined where a side has none. */
interface LeftOutPair<T> {
  readonly any: T;
  readonly one: T | undefined;
  readonly other: T | undefined;
  readonly before: number;
  readonly after: number;
  readonly role: LeftOut['role'];
}

/** What both sides leave out, matched by kind and name. What could be weights on one side could be on the other. */
export function pairLeftOut<T extends Pick<LeftOut, 'kind' | 'name' | 'role'>>(
  old: readonly T[],
  newer: readonly T[],
): LeftOutPair<T>[] {
  const places = new Map<string, { before: number; after: number }>();
  for (const [side, list] of [
    ['before', old],
    ['after', newer],
  ] as const) {
    for (const [index, { kind, name }] of list.entries()) {
      const key = `${kind} ${name}`;
      const place = places.get(key) ?? { before: -1, after: -1 };
      place[side] = index;
      places.set(key, place);
    }
  }
  return [...places.values()].flatMap(({ before, after }) => {
    const [one, other] = [old[before], newer[after]];
    const any = one ?? other;
    if (any === undefined) return [];
    const role = one?.role === 'weights' || other?.role === 'weights' ? 'weights' : 'state';
    return [{ any, one, other, before, after, role }];
  });
}

/**
 * What both sides leave out. What could be weights on both sides is compared by its bytes; whole files of servers are not fetched for that.
 */
export async function compareLeftOut(old: Checkpoint, newer: Checkpoint, run: RunOptions): Promise<LeftOutDifference[]> {
  const { signal } = run;
  const found: LeftOutDifference[] = [];
  for (const { any, one, other, before, after, role } of pairLeftOut(old.leftOut, newer.leftOut)) {
    const isAsked = role === 'weights' && one !== undefined && other !== undefined;
    const isElsewhere = any.kind === 'file' && (old.isRemote || newer.isRemote);
    const same =
      isAsked && (!isElsewhere || one.bytes !== other.bytes)
        ? one.bytes === other.bytes &&
          (await runJob('compare', signal === undefined ? {} : { signal }, (control) =>
            binding().sameLeftOut(old.native, before, newer.native, after, control),
          ))
        : null;
    found.push({ name: any.name, kind: any.kind, role, oldBytes: one?.bytes ?? null, newBytes: other?.bytes ?? null, same });
  }
  return found.sort((a, b) => compareCodeUnits(a.name, b.name));
}
