/** The conclusion of a comparison of hashes in which tensors differ: which ones, and that nobody knows by how much. */
import { isUnmeasured, type TensorColumns } from '../comparison/columns.ts';
import { rootOfQuotient, sumSquares } from '../comparison/unit.ts';
import { formatCount, formatNoun, formatPercent } from '../wording/numbers.ts';
import type { AnalysisContext } from './context.ts';
import { COVERED } from './coverage.ts';
import { sum } from './statistics.ts';
import { describeCoverage, describeMissing, finish } from './verdict.ts';

/** What happened, in one to three sentences. */
export function composeHashVerdict(context: AnalysisContext, columns: TensorColumns): string {
  const { coverage } = context;
  const broken = context.claims.filter(({ code }) => code === 'broken').map(({ sentence }) => sentence);
  if (coverage.share < COVERED.half) return finish([describeCoverage(context), ...broken, ...describeMissing(context, true)]);
  const start = coverage.share < COVERED.most ? [describeCoverage(context)] : [];
  return finish([...start, ...broken, describeDifference(context, columns), ...describeMissing(context, start.length > 0)]);
}

function describeDifference({ story, rows, counts }: AnalysisContext, columns: TensorColumns): string {
  const differing = rows.filter((_, row) => isUnmeasured(columns, row));
  const cast = differing.filter((row) => row.oldDtype !== row.newDtype).length;
  const weights = new Set(story.compared);
  const isPlaced = differing.length < counts.compared && differing.every((row) => weights.has(row));
  const { text, exact, isComplement } = isPlaced ? story.where(differing) : { text: '', exact: false, isComplement: false };
  const where = exact && !isComplement ? ` (${text})` : '';
  const subject =
    differing.length === counts.compared && differing.length > 1
      ? `all ${formatNoun(differing.length, 'common tensor')} differ`
      : `${formatCount(differing.length)} of ${formatNoun(counts.compared, 'common tensor')} ${differing.length === 1 ? 'differs' : 'differ'}`;
  if (cast === differing.length)
    return `${subject}${where} in dtype; whether the values differ too was not measured, as a manifest holds hashes and no values`;
  const others = cast === 0 ? '' : `, ${formatCount(cast)} of them in dtype`;
  const least = boundChange(columns);
  const size = least > 0 ? `by at least ${formatPercent(least)} in all; how much exactly` : 'how much';
  return `${subject}${where}${others}${least > 0 ? `, ${size}` : `; ${size}`} was not measured, as a manifest holds hashes and no values`;
}

/** The least that R can be over the tensors of one dtype that both sides have: a norm that changed tells it. */
function boundChange(columns: TensorColumns): number {
  const { names, bounds, identical, dtypeChanged, old, new: fresh } = columns;
  const rows = names.map((_, row) => row).filter((row) => identical[row] === 1 || isUnmeasured(columns, row));
  const sized = rows.filter((row) => dtypeChanged[row] !== 1);
  const number = (value: number | undefined): number => (value !== undefined && Number.isFinite(value) ? value : 0);
  const norms = Float64Array.from(sized, (row) => Math.max(number(old.norm[row]), number(fresh.norm[row])));
  const size = sumSquares(norms, sum);
  if (size.sum === 0) return 0;
  return rootOfQuotient(
    sumSquares(
      Float64Array.from(sized, (row) => number(bounds?.l2DiffMin[row])),
      sum,
    ),
    size,
  );
}
