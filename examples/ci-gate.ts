/**
 * A gate for CI: a new checkpoint may pass when its weights are finite and no tensor's norm moved by more than a limit.
 *
 *   npx tsx examples/ci-gate.ts examples/tiny-gpt/base examples/tiny-gpt/sft
 */
import { compare } from 'model-diff';

/** Largest growth or loss of a norm, as a share of the old one. */
const MOST = 0.2;

/** Why the checkpoint may not pass; empty when it may. */
export async function findFaults(base: string, candidate: string, most: number = MOST): Promise<string[]> {
  const comparison = await compare(base, candidate);
  const faults: string[] = [];
  // A gate that looked at half of the model must not open.
  if (comparison.coverage < 1) faults.push(`only ${(comparison.coverage * 100).toFixed(1)}% of the weights were compared`);
  for (const { name, oldNorm, newNorm, nanNew, infNew, error } of comparison.rows({ unchanged: true })) {
    if (error !== null) faults.push(`${name}: ${error}`);
    if ((nanNew ?? 0) + (infNew ?? 0) > 0) faults.push(`${name}: ${nanNew} NaN and ${infNew} infinite elements`);
    if (oldNorm === null || newNorm === null || oldNorm === 0) continue;
    const growth = newNorm / oldNorm - 1;
    if (Math.abs(growth) > most) faults.push(`${name}: its norm changed by ${(growth * 100).toFixed(1)}%`);
  }
  return faults;
}

if (process.argv[1] === import.meta.filename) {
  const [base = '', candidate = ''] = process.argv.slice(2);
  const faults = await findFaults(base, candidate);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
