import { combineParts, compare, comparePart, type CompareOptions, planParts, renderReport } from 'model-diff';

/** The numbers from 1 on in an order of their own. */
export function shuffle(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, (_, index) => index + 1)
    .map((number) => [(state = (state * 1_103_515_245 + 12_345) % 2_147_483_648), number] as const)
    .sort(([a], [b]) => a - b)
    .map(([, number]) => number);
}

/** What `compare` says, as JSON. */
export async function compareWhole(old: string, newer: string, options: CompareOptions = {}): Promise<string> {
  return renderReport(await compare(old, newer, { ...options, provenance: false }), { format: 'json' });
}

/** The same by way of parts, each on another number of threads. */
export async function compareInParts(
  old: string,
  newer: string,
  directory: string,
  parts: number,
  options: CompareOptions = {},
): Promise<string> {
  await planParts(old, newer, directory, { ...options, parts });
  for (const part of shuffle(parts, parts)) await comparePart(directory, part, { threads: 1 + (part % 8) });
  return renderReport(await combineParts(directory, { provenance: false }), { format: 'json' });
}
