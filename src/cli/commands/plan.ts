import { argumentError } from '../../errors.ts';
import { MOST_PARTS } from '../../parts/folder.ts';
import { planParts } from '../../parts/plan-parts.ts';
import type { PartsPlan } from '../../parts/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { chooseConfigured } from '../parts/choose-configured.ts';
import type { PlanFlags } from '../flags.ts';
import { refuseInside } from '../checkpoint-files.ts';
import { hintDisjoint } from '../no-common-tensors.ts';
import { refuseStdin } from '../output.ts';
import { quote } from '../../wording/quote.ts';
import { applyFlags, type Session } from '../session.ts';

/** `model-diff plan OLD NEW -n N -o RUN`: cuts a comparison into parts, by the headers alone. */
export async function runPlan(session: Session, oldPath: string, newPath: string, given: PlanFlags): Promise<void> {
  applyFlags(session, given);
  refuseStdin([oldPath, newPath]);
  const { parts, runDir } = given;
  if (parts === undefined)
    throw argumentError('--parts is missing: into how many parts?', `such as -n 64; at most ${MOST_PARTS}`);
  if (runDir === undefined) throw argumentError('--run-dir is missing: a folder for the plan and the parts', 'such as -o run/');
  refuseInside(runDir, [oldPath, newPath]);
  const options = chooseConfigured(session, given, [oldPath, newPath]);
  const planned = planParts(oldPath, newPath, runDir, { ...options, parts, signal: session.signal });
  const plan = await planned.catch(async (error: unknown) => {
    throw await hintDisjoint(session, { old: oldPath, new: newPath }, given, error);
  });
  if (given.quiet !== true) session.stdout.write(describePlan(plan, runDir));
}

function describePlan(plan: PartsPlan, runDir: string): string {
  const bytes = plan.parts.map((part) => part.bytes);
  const [all, largest] = [bytes.reduce((sum, one) => sum + one, 0), bytes.reduce((most, one) => Math.max(most, one), 0)];
  const folder = escapeTerminal(quote(runDir));
  return [
    `Planned ${formatNoun(bytes.length, 'part')} of at most ${formatBytes(largest)}, ${formatBytes(all)} in all.`,
    '',
    `  model-diff --shard 1/${bytes.length} --run-dir ${folder}   compare a part, on any machine that sees the files`,
    `  model-diff --shard auto --run-dir ${folder}   the part that the scheduler's index says`,
    `  model-diff status ${folder}   what is done and what is missing`,
    `  model-diff combine ${folder}   the report, when all parts are there`,
    '',
  ].join('\n');
}
