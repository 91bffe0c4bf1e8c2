import { compareSides } from '../compare/compare.ts';
import type { runDiff } from '../compare/run-diff.ts';
import { Comparison } from '../comparison/comparison.ts';
import type { PartialCoverage } from '../comparison/summary.ts';
import { ModelDiffError } from '../errors.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';
import { quote } from '../wording/quote.ts';
import { requireSamePlan } from './mismatch.ts';
import { checkCombine } from './options.ts';
import { listNumbers } from './list-numbers.ts';
import { hintMoved, locateInputs } from './moved-inputs.ts';
import { requirePlan, withPlan } from './plan-parts.ts';
import { findForeign, findParts, type FoundPart } from './scan.ts';
import type { CombineOptions, PartsPlan } from './types.ts';

/**
 * Makes the comparison of all parts of a plan: what `compare` gives for the same checkpoints and options, bit for bit. It opens both
 * checkpoints, and reads tensors only where one pass leaves something open (`probes`), at most a tenth of their bytes.
 *
 * @throws `ModelDiffError` as `compare`; `E_MISSING_PART` or `E_INVALID_PART` that lists the parts which are missing or damaged;
 *   `E_PLAN_MISMATCH` where the checkpoints are no longer those of the plan.
 */
export async function combineParts(directory: string, options: CombineOptions = {}): Promise<Comparison> {
  checkCombine(directory, options);
  const { allowPartial = false, old: _old, new: _new, oldAdapter: _oldAdapter, newAdapter: _newAdapter, ...others } = options;
  const known = await requirePlan(directory);
  const parts = await gatherParts(directory, known, allowPartial, options.signal);
  const inputs = locateInputs(known, options);
  const made = withPlan(inputs.paths, inputs.options, known.parts.length, others, async ({ plan, sides, options: resolved }) => {
    requireSamePlan(directory, known, plan);
    const ends = Float64Array.from(plan.parts, ({ end }) => end);
    const join: typeof runDiff = (checkpoints, items, _, run) =>
      runJob('compare', run, (control) =>
        binding().joinParts(
          checkpoints.map(({ native }) => native),
          items,
          ends,
          parts.map(({ measured }) => measured),
          control,
        ),
      );
    const comparison = await compareSides(sides, resolved, others, join);
    const partial = describePartial(parts);
    return partial === null ? comparison : Comparison.from({ ...comparison, summary: { ...comparison.summary, partial } });
  });
  return made.catch((error: unknown) => {
    throw hintMoved(error, known);
  });
}

function describePartial(parts: readonly FoundPart[]): PartialCoverage | null {
  const missing = parts.filter(({ state }) => state !== 'done');
  if (missing.length === 0) return null;
  const sum = (some: readonly FoundPart[]): number => some.reduce((total, { bytes }) => total + bytes, 0);
  return {
    parts: parts.length,
    missingParts: missing.map(({ part }) => part),
    bytes: sum(parts),
    missingBytes: sum(missing),
  };
}

/** All parts, read; one that is not there only where that is allowed. */
async function gatherParts(
  directory: string,
  plan: PartsPlan,
  allowPartial: boolean,
  signal: AbortSignal | undefined,
): Promise<FoundPart[]> {
  const parts: FoundPart[] = [];
  for await (const part of findParts(directory, plan, signal)) parts.push(part);
  if (allowPartial) return parts;
  const problems = parts.filter(({ state }) => state !== 'done');
  if (problems.length > 0) throw incomplete(directory, problems, parts.length);
  const [foreign] = await findForeign(directory, plan);
  if (foreign === undefined) return parts;
  throw new ModelDiffError(`${foreign.path} does not belong to this run: ${foreign.reason}`, {
    kind: 'Mismatch',
    code: 'E_INVALID_PART',
    path: foreign.path,
    hint: 'remove it, or move it to the run that it is of; model-diff status lists all such files',
  });
}

/** Reasons that a message shows. */
const SHOWN = 5;

function incomplete(directory: string, problems: readonly FoundPart[], of: number): ModelDiffError {
  const numbers = (state: FoundPart['state']): readonly number[] =>
    problems.filter((part) => part.state === state).map(({ part }) => part);
  const damaged = problems.filter(({ state }) => state === 'damaged');
  const reasons = damaged.slice(0, SHOWN).map(({ part, reason }) => `part ${part}: ${reason ?? ''}`);
  const missing = numbers('missing');
  const what = [
    ...(missing.length === 0 ? [] : [`missing ${listNumbers(missing)}`]),
    ...(damaged.length === 0 ? [] : [`unusable ${listNumbers(numbers('damaged'))} (${reasons.join('; ')})`]),
  ];
  const [first] = problems;
  const force = damaged.some(({ isForeign }) => isForeign) ? ' --force' : '';
  return new ModelDiffError(
    `${formatCount(problems.length)} of ${formatNoun(of, 'part')} cannot be combined: ${what.join(', ')}`,
    {
      kind: 'Mismatch',
      code: damaged.length > 0 ? 'E_INVALID_PART' : 'E_MISSING_PART',
      path: directory,
      hint: `${problems.length === 1 ? '' : `for each of ${listNumbers(problems.map(({ part }) => part))} `}run: model-diff --shard ${first?.part ?? 1} --run-dir ${quote(directory)}${force}; --allow-partial reports what is there`,
    },
  );
}
