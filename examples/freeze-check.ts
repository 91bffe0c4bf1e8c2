/**
 * Checks that what was meant to be frozen is bit for bit what it was, and that the rest was trained at all.
 *
 *   npx tsx examples/freeze-check.ts examples/tiny-gpt/base examples/tiny-gpt/frozen-bottom 'model.{embed_tokens,layers.[0-2]}.*'
 */
import { compare } from 'model-diff';

export interface FreezeCheck {
  /** Tensors that the patterns name and that changed, in value, type or shape, or are on one side only. */
  readonly thawed: readonly string[];
  /** Other tensors that did not change. */
  readonly untrained: readonly string[];
}

export async function checkFreeze(base: string, tuned: string, frozen: readonly string[]): Promise<FreezeCheck> {
  const comparison = await compare(base, tuned);
  const kept = comparison.filter(frozen);
  if (kept.columns.names.length === 0) throw new Error(`no tensor matches ${frozen.join(' ')}`);
  const named = new Set(kept.columns.names);
  // `identical` is of values: -0 is 0, and a type may have changed. Frozen means that no bit did.
  const thawed = kept.rows({ unchanged: true }).filter(({ identical, bitChanged }) => !identical || bitChanged !== 0);
  const untrained = comparison.rows({ unchanged: true }).filter(({ name, identical }) => identical && !named.has(name));
  return { thawed: thawed.map(({ name }) => name), untrained: untrained.map(({ name }) => name) };
}

if (process.argv[1] === import.meta.filename) {
  const [base = '', tuned = '', ...frozen] = process.argv.slice(2);
  const { thawed, untrained } = await checkFreeze(base, tuned, frozen);
  for (const name of thawed) console.error(`changed: ${name}`);
  for (const name of untrained) console.error(`not trained: ${name}`);
  process.exitCode = thawed.length + untrained.length === 0 ? 0 : 1;
}
