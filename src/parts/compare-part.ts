import { argumentError, ModelDiffError } from '../errors.ts';
import { spellEngineOptions } from '../compare/run-diff.ts';
import { binding } from '../native/binding.ts';
import { runJob } from '../native/job.ts';
import { readAttempt } from './attempt.ts';
import { partPath, writeWhole } from './folder.ts';
import { checkComparePart } from './options.ts';
import { encodePart, MOST_PART_BYTES } from './part-file.ts';
import { readPlan } from './plan-file.ts';
import { keepPlanned } from './plan-options.ts';
import { requirePlan, settlePlan, withPlan } from './plan-parts.ts';
import { ProgressFile } from './progress-file.ts';
import { findPart } from './scan.ts';
import { crashIfTested } from './test-crash.ts';
import type { ComparedPart, ComparePartOptions } from './types.ts';

/**
 * Compares one part of a plan, and writes it into the folder of the run. A part that is there is not compared again.
 *
 * @param part its number, from 1
 * @throws `ModelDiffError` as `compare`; `E_PLAN_MISMATCH` where the checkpoints or options are not those of the plan.
 */
export async function comparePart(directory: string, part: number, options: ComparePartOptions = {}): Promise<ComparedPart> {
  checkComparePart(directory, part, options);
  const { plan: asked, force = false, threads, signal, onProgress } = options;
  const known = asked === undefined ? await requirePlan(directory) : await readPlan(directory);
  const inputs = asked ?? { old: known?.old.path ?? '', new: known?.new.path ?? '' };
  const planned = asked === undefined ? (known?.options ?? {}) : keepPlanned(asked.options);
  const of = asked?.options.parts ?? known?.parts.length ?? 0;
  if (part > of) throw argumentError(`part ${part} does not exist: the plan has ${of}`);
  const others = { ...(threads !== undefined && { threads }), ...(signal && { signal }) };
  return withPlan(
    { old: inputs.old, new: inputs.new },
    planned,
    of,
    others,
    async ({ plan, sides, items, options: resolved }) => {
      await settlePlan(directory, plan, known);
      const path = partPath(directory, part, of);
      const bytes = plan.parts[part - 1]?.bytes ?? 0;
      const found = await findPart(directory, plan, part);
      if (found.state === 'done' && !force) return { part, of, path, bytes, wasComplete: true };
      if (found.isForeign && !force) throw foreignPart(path, found.reason ?? '');
      const progress = new ProgressFile(directory, part, bytes);
      await progress.start();
      try {
        const measured = await runJob('compare', { ...others, onProgress: progress.watch(onProgress) }, (control) =>
          binding().diffPart(
            [sides.old.native, sides.new.native],
            items,
            plan.parts[part - 2]?.end ?? 0,
            plan.parts[part - 1]?.end ?? 0,
            spellEngineOptions(resolved),
            control,
          ),
        );
        const file = encodePart(plan, part, readAttempt(), measured);
        if (file.reduce((sum, { length }) => sum + length, 0) > MOST_PART_BYTES)
          throw argumentError(`part ${part} takes more than ${MOST_PART_BYTES} bytes`, 'plan more parts, in another folder');
        await writeWhole(path, file, { before: () => crashIfTested(part) });
      } finally {
        await progress.end();
      }
      return { part, of, path, bytes, wasComplete: false };
    },
  );
}

function foreignPart(path: string, reason: string): ModelDiffError {
  return new ModelDiffError(`${path} is there already, and ${reason}`, {
    kind: 'Mismatch',
    code: 'E_PLAN_MISMATCH',
    path,
    hint: 'compare in another folder, or replace that part with --force',
  });
}
