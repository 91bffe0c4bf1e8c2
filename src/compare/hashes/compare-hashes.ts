import { tellApart } from '../../checkpoint/distinct-names.ts';
import type { RunOptions } from '../../checkpoint/types.ts';
import { Comparison } from '../../comparison/comparison.ts';
import type { LeftOutDifference } from '../../comparison/left-out.ts';
import type { ManifestTensor } from '../../comparison/manifest.ts';
import type { Provenance } from '../../comparison/provenance.ts';
import { type ComparedSide, measureSide } from '../../comparison/side.ts';
import { summarize } from '../../comparison/summary.ts';
import { type MatchedNames, matchNames, type SideNames, type UnusedRule } from '../../names/match.ts';
import type { NameChange } from '../../names/name-change.ts';
import { compareCodeUnits } from '../../names/order.ts';
import { TOOL } from '../../tool.ts';
import { compareAllConfigs, listUnconfigured } from '../config-diff.ts';
import { pairLeftOut } from '../left-out.ts';
import { type CompareOptions, keepOptions, type ResolvedOptions } from '../options.ts';
import { indexRows } from '../plan.ts';
import { nothingSelected } from '../plan-tensors.ts';
import { describeUnused } from '../unused-rules.ts';
import { buildHashColumns } from './columns.ts';
import type { HashedPair } from './pair.ts';
import type { HashedSide } from './sides.ts';

/**
 * Compares two checkpoints by the hashes of their tensors. How a tensor changed that differs is not known: a hash tells no distance.
 *
 * @param changes what was done to names before
 */
export function compareHashes(
  old: HashedSide,
  newer: HashedSide,
  options: ResolvedOptions,
  { provenance = true }: RunOptions & Pick<CompareOptions, 'provenance'>,
  changes: readonly NameChange[],
): Comparison {
  const sides = [old.manifest, newer.manifest] as const;
  const [before, after] = sides.map(({ tensors }) => tensors.map(({ name }) => name)) as [string[], string[]];
  const names = matchNames(before, after, options.names);
  const pairs = listPairs(names, sides[0].tensors, sides[1].tensors, options.selects);
  if (pairs.length === 0 && before.length + after.length > 0) throw nothingSelected(options);
  const columns = buildHashColumns(pairs, options.computeElementWise);
  const total = (tensors: readonly ManifestTensor[]): { tensors: number; elements: number } => ({
    tensors: tensors.length,
    elements: tensors.reduce((sum, { numElements }) => sum + numElements, 0),
  });
  const [oldName, newName] = nameSides([old, newer]);
  return Comparison.from({
    columns,
    summary: summarize(columns, {
      ...options,
      old: total(sides[0].tensors),
      new: total(sides[1].tensors),
      configChanges: compareAllConfigs(...sides),
      unconfigured: listUnconfigured(...sides),
      leftOut: compareLeftOut(old, newer),
      nameChanges: [...changes, ...names.changes],
    }),
    old: { ...describeSide(old, oldName, names.unused, ['both', 'old']), ...measureSide(columns.old) },
    new: { ...describeSide(newer, newName, names.unused, ['new']), ...measureSide(columns.new) },
    options: keepOptions(options),
    provenance: provenance === false ? null : describeOrigin(old, newer, provenance === true ? null : provenance.command),
  });
}

function listPairs(
  names: MatchedNames,
  old: readonly ManifestTensor[],
  newer: readonly ManifestTensor[],
  selects: (name: string) => boolean,
): HashedPair[] {
  const find = (side: SideNames, tensors: readonly ManifestTensor[]): Map<string, ManifestTensor | undefined> =>
    new Map(Array.from(indexRows(side), ([name, row]) => [name, tensors[row]]));
  const [before, after] = [find(names.old, old), find(names.new, newer)];
  const all = [...new Set([...before.keys(), ...after.keys()])].filter(selects).sort();
  return all.map((name) => ({ name, old: before.get(name), new: after.get(name) }));
}

/** What both leave out. Bytes that could be weights are not hashed: of other lengths they differ, and else nobody knows. */
function compareLeftOut({ manifest: old }: HashedSide, { manifest: newer }: HashedSide): LeftOutDifference[] {
  const found = pairLeftOut(old.leftOut, newer.leftOut).map(({ any, one, other, role }) => ({
    name: any.name,
    kind: any.kind,
    role,
    oldBytes: one?.bytes ?? null,
    newBytes: other?.bytes ?? null,
    same: role === 'weights' && one !== undefined && other !== undefined && one.bytes !== other.bytes ? false : null,
  }));
  return found.sort((a, b) => compareCodeUnits(a.name, b.name));
}

/** What the sides are called: by their paths where they have some. */
function nameSides(sides: readonly [HashedSide, HashedSide]): readonly [string, string] {
  const names = tellApart(sides.flatMap(({ path }) => (path === null ? [] : [path])));
  const nameOne = ({ path }: HashedSide, side: string): string => (path === null ? side : (names.shift() ?? side));
  return [nameOne(sides[0], 'old'), nameOne(sides[1], 'new')];
}

function describeSide(
  { manifest: { format, files, findings, hash }, isManifest }: HashedSide,
  name: string,
  unused: readonly UnusedRule[],
  told: readonly UnusedRule['side'][],
): Omit<ComparedSide, keyof ReturnType<typeof measureSide>> {
  return {
    name,
    format,
    files,
    findings: [...findings, ...unused.filter(({ side }) => told.includes(side)).map(describeUnused)],
    hash,
    ...(isManifest && { isManifest }),
  };
}

function describeOrigin(old: HashedSide, newer: HashedSide, command: string | null): Provenance {
  return { version: TOOL.version, created: new Date().toISOString(), old: old.place, new: newer.place, command };
}
