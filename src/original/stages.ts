import { columnsFromRows, type PartialRow } from '../comparison/from-rows.ts';
import type { StageComparison } from './types.ts';
import { groupChange, type SizedChange } from '../analysis/overall.ts';
import { readRows } from '../analysis/rows.ts';
import { sumOf } from '../analysis/statistics.ts';
import type { TensorRow } from '../analysis/tensor-row.ts';

/** A tensor's share of the overall change has grown or shrunk from this factor on. */
const STABLE = 1.5;

interface Development {
  readonly name: string;
  /** Relative changes in both stages. */
  readonly first: number;
  readonly second: number;
  /** ln of (r2 / r1) / (R2 / R1). */
  readonly logShift: number;
  /** |logShift| times the tensor's part in the energy of both stages. */
  readonly importance: number;
}

/**
 * How the change of each tensor developed from one stage of training to the next. The overall change of each stage is
 * taken out first: a stage with a lower learning rate decelerates nothing. Lists are sorted by how much they matter.
 */
export function compareStages(diffs1: readonly PartialRow[], diffs2: readonly PartialRow[]): StageComparison {
  const stage1 = readStage(diffs1);
  const stage2 = readStage(diffs2);
  const [total1, total2] = totalChanges(stage1, stage2);
  const started = [...stage2.values()].filter((row) => row.change > 0 && !(changeIn(stage1, row.name) > 0));
  const finished = [...stage1.values()].filter((row) => row.change > 0 && !(changeIn(stage2, row.name) > 0));
  const energy = sumOf([...stage1.values(), ...stage2.values()], (row) => row.energy || 0);
  const developments: Development[] = [];
  let stableCount = 0;
  for (const before of stage1.values()) {
    const after = stage2.get(before.name);
    if (after === undefined || !(before.change > 0 && after.change > 0)) {
      if (before.isCompared && !(before.change > 0) && !(changeIn(stage2, before.name) > 0)) stableCount += 1;
      continue;
    }
    const logShift = Math.log(after.change / before.change / (total2 / total1));
    const importance = Math.abs(logShift) * ((before.energy + after.energy) / energy || 0);
    if (Math.abs(logShift) < Math.log(STABLE) * (1 - 1e-12)) stableCount += 1;
    else developments.push({ name: before.name, first: sizeOf(before), second: sizeOf(after), logShift, importance });
  }
  developments.sort((a, b) => b.importance - a.importance || (a.name < b.name ? -1 : 1));
  const select = (sign: number): [string, number, number][] =>
    developments.filter(({ logShift }) => Math.sign(logShift) === sign).map(({ name, first, second }) => [name, first, second]);
  const accelerating = select(1);
  const decelerating = select(-1);
  return {
    accelerating,
    decelerating,
    stableCount,
    acceleratingCount: accelerating.length,
    deceleratingCount: decelerating.length,
    started: started.sort(byChange).map((row) => row.name),
    finished: finished.sort(byChange).map((row) => row.name),
    totalStage1Change: sumOf([...stage1.values()], (row) => sizeOf(row)),
    totalStage2Change: sumOf([...stage2.values()], (row) => sizeOf(row)),
  };
}

/** Rows by name; tensors that were not compared in this stage are left out. */
function readStage(diffs: readonly PartialRow[]): Map<string, TensorRow> {
  return new Map(
    readRows(columnsFromRows(diffs), null)
      .filter((row) => row.isCompared && Number.isFinite(row.change))
      .map((row) => [row.name, row]),
  );
}

/** R of both stages over the tensors of either: one that a stage does not list did not change in it. */
function totalChanges(stage1: ReadonlyMap<string, TensorRow>, stage2: ReadonlyMap<string, TensorRow>): [number, number] {
  const still = (stage: ReadonlyMap<string, TensorRow>, other: ReadonlyMap<string, TensorRow>): SizedChange[] =>
    [...other.values()].filter((row) => !stage.has(row.name)).map(({ size }) => ({ length: 0, size }));
  return [
    groupChange([...stage1.values(), ...still(stage1, stage2)]),
    groupChange([...stage2.values(), ...still(stage2, stage1)]),
  ];
}

function changeIn(stage: ReadonlyMap<string, TensorRow>, name: string): number {
  return stage.get(name)?.change ?? 0;
}

/** Relative change, or the symmetric one where old was zero. */
function sizeOf(row: TensorRow): number {
  return Number.isFinite(row.relativeChange) ? row.relativeChange : row.change;
}

function byChange(a: TensorRow, b: TensorRow): number {
  return b.change - a.change || (a.name < b.name ? -1 : 1);
}
