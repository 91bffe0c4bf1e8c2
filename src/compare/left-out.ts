import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { RunOptions } from '../checkpoint/types.ts';
import type { LeftOutDifference } from '../comparison/left-out.ts';
import { compareCodeUnits } from '../names/order.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';

/** What both sides leave out, matched by name. What could be weights on both sides is compared by its bytes. */
export async function compareLeftOut(old: Checkpoint, newer: Checkpoint, run: RunOptions): Promise<LeftOutDifference[]> {
  const { signal } = run;
  const places = new Map<string, { before: number; after: number }>();
  for (const [side, { leftOut }] of [
    ['before', old],
    ['after', newer],
  ] as const) {
    for (const [index, { kind, name }] of leftOut.entries()) {
      const key = `${kind} ${name}`;
      const place = places.get(key) ?? { before: -1, after: -1 };
      place[side] = index;
      places.set(key, place);
    }
  }
  const found: LeftOutDifference[] = [];
  for (const { before, after } of places.values()) {
    const [one, other] = [old.leftOut[before], newer.leftOut[after]];
    const any = one ?? other;
    if (any === undefined) continue;
    const role = one?.role === 'weights' || other?.role === 'weights' ? 'weights' : 'state';
    const isAsked = role === 'weights' && one !== undefined && other !== undefined;
    const same = isAsked
      ? one.bytes === other.bytes &&
        (await runJob('compare', signal === undefined ? {} : { signal }, (control) =>
          binding().sameLeftOut(old.native, before, newer.native, after, control),
        ))
      : null;
    found.push({ name: any.name, kind: any.kind, role, oldBytes: one?.bytes ?? null, newBytes: other?.bytes ?? null, same });
  }
  return found.sort((a, b) => compareCodeUnits(a.name, b.name));
}
