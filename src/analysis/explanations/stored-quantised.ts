import { formatNoun, formatPercent } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { groupChange } from '../overall.ts';
import { sortAscending } from '../sort-ascending.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Claim, Explain } from './explanation.ts';
import { describeFit, type Fit, fitOf, isMisrounded } from './nearest.ts';
import { nameScheme, quantisationError } from './schemes.ts';

type Side = 'old' | 'new';

/** A tensor further away than this many medians of its scheme was changed by more than rounding. */
const APART = 3;
/** What a cast between bf16, f16 and f32 changes at most of what was not quantised: half a spacing of bf16. */
const CAST = 2 ** -8;
/** Schemes that a sentence names. */
const SHOWN = 3;

/** What sides are quantised. */
type Kind = Side | 'same' | 'both';

/** Tensors of one kind that fit each other alike. */
interface Group {
  readonly kind: Kind;
  readonly rows: readonly TensorRow[];
}

/** Weights that a side stores quantised, read as what they stand for: rounded, as far as their distance is that of rounding. */
export const explainStoredQuantisation: Explain = (story, open) => {
  // What is kept beside them is told once.
  let kept: readonly TensorRow[] | undefined;
  return listGroups(open).map((group) => {
    const side: Side = group.kind === 'old' ? 'old' : 'new';
    const own = new Set(group.rows);
    const beside = kept === undefined ? story.compared.filter((row) => !own.has(row) && isKept(row, side)) : [];
    kept = beside;
    return describe(group, side, beside);
  });
};

function listGroups(open: readonly TensorRow[]): Group[] {
  const schemes = new Map<string, TensorRow[]>();
  for (const row of open) {
    const [old, newer] = [quantisationError(row.oldDtype), quantisationError(row.newDtype)];
    if ((old === null && newer === null) || row.change > (old ?? 0) + (newer ?? 0)) continue;
    const key = `${old === null ? '' : row.oldDtype}\n${newer === null ? '' : row.newDtype}`;
    schemes.set(key, [...(schemes.get(key) ?? []), row]);
  }
  // A model has several schemes, by the importance of its tensors: those of one kind are one claim.
  const groups = new Map<string, Group>();
  for (const [key, rows] of schemes) {
    const median = sortAscending(rows.map(({ change }) => change))[Math.floor(rows.length / 2)] ?? 0;
    const [old, newer] = key.split('\n');
    const kind: Kind = old === newer ? 'same' : old === '' ? 'new' : newer === '' ? 'old' : 'both';
    for (const row of rows.filter(({ change }) => change <= APART * median)) {
      const name = `${kind} ${(kind === 'old' || kind === 'new') && isMisrounded(row, kind)}`;
      groups.set(name, { kind, rows: [...(groups.get(name)?.rows ?? []), row] });
    }
  }
  return [...groups.values()];
}

function describe({ kind, rows }: Group, side: Side, kept: readonly TensorRow[]): Claim {
  const error = groupChange(rows);
  const [worst] = [...rows].sort((a, b) => b.change - a.change || (a.name < b.name ? -1 : 1));
  const tail =
    rows.length > 1 && worst !== undefined
      ? `, worst ${worst.name.replace(/^model\.|\.weight$/g, '')} ${formatPercent(worst.change)}`
      : '';
  const types = joinWords(listDtypes(kept, side));
  const rest = kept.length > 0 ? `; ${formatNoun(kept.length, 'tensor')} kept in ${types}` : '';
  const { fit, share } = kind === 'old' || kind === 'new' ? fitOf(rows, kind) : { fit: 'unclear' as const, share: null };
  return {
    code: 'quantised',
    rows: [...rows, ...kept],
    sentence: `${words(kind, fit, rows)}: error ${formatPercent(error)}${tail}${describeFit(fit, share)}${rest}`,
    evidence: {
      grid: listDtypes(rows, side).join(', '),
      side,
      error,
      sqnr: error > 0 ? -20 * Math.log10(error) : null,
      worst: worst?.name ?? null,
      worstError: worst?.change ?? null,
      misrounded: share,
      tensors: rows.length,
      kept: kept.length,
    },
  };
}

function words(kind: Kind, fit: Fit, rows: readonly TensorRow[]): string {
  const [old, newer] = [nameSchemes(rows, 'old'), nameSchemes(rows, 'new')];
  switch (kind) {
    case 'new':
      return fit === 'rounded' ? `same weights, rounded to ${newer}` : `equal within rounding to ${newer}`;
    case 'old':
      return fit === 'rounded'
        ? `same weights: the old ones are rounded to ${old}, the new ones are not`
        : `equal within rounding of the old weights to ${old}`;
    case 'same':
      return `both sides are rounded to ${old}, and differ by no more than that can`;
    case 'both':
      return `equal within rounding to ${old} before and to ${newer} now`;
  }
}

function nameSchemes(rows: readonly TensorRow[], side: Side): string {
  const names = listDtypes(rows, side).map(nameScheme);
  return joinWords(names.length > SHOWN ? [...names.slice(0, SHOWN - 1), `${names.length - SHOWN + 1} more`] : names);
}

/** Not quantised, and at most cast. */
function isKept(row: TensorRow, side: Side): boolean {
  return quantisationError(dtypeOf(row, side)) === null && (row.isIdentical || row.change <= CAST);
}

function dtypeOf(row: TensorRow, side: Side): string {
  return side === 'old' ? row.oldDtype : row.newDtype;
}

/** dtypes of a side, those of most elements first. */
function listDtypes(rows: readonly TensorRow[], side: Side): string[] {
  const elements = new Map<string, number>();
  for (const row of rows) elements.set(dtypeOf(row, side), (elements.get(dtypeOf(row, side)) ?? 0) + row.elements);
  return [...elements].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([dtype]) => dtype);
}
