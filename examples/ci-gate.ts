/**
 * A gate for CI: a new checkpoint may pass when it was compared whole, its weights are finite, and no tensor changed by more than a limit.
 *
 *   npx tsx examples/ci-gate.ts examples/tiny-gpt/base examples/tiny-gpt/sft
 */
import { checkRules, compare } from 'model-diff';

/** What breaks the gate, in the grammar of `--fail-on`. */
const RULES: readonly string[] = ['coverage<100%', 'nan', 'structure', 'change>20%'];

/** Why the checkpoint may not pass; empty when it may. */
export async function findFaults(base: string, candidate: string, failOn: readonly string[] = RULES): Promise<string[]> {
  const results = checkRules(await compare(base, candidate), { failOn });
  return results
    .filter(({ status }) => status !== 'passed')
    .map(({ rule, message, worst }) => `${rule}: ${[message, ...worst.map(({ name, note }) => `${name} ${note}`)].join('; ')}`);
}

if (process.argv[1] === import.meta.filename) {
  const [base = '', candidate = ''] = process.argv.slice(2);
  const faults = await findFaults(base, candidate);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
