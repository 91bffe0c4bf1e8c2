/**
 * The table of docs/analysis.md: what is said of weights beside their quantised forms, which quantised_pairs.py wrote.
 * Run:  node benches/analysis/quantised_pairs.mjs FOLDER [--sentences]
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { analyze, compareCheckpoints } from 'model-diff';

const [folder = '.', sentences] = process.argv.slice(2);
const schemes = readdirSync(folder).filter((name) => name !== 'dense');
for (const scheme of schemes.sort()) {
  const cells = [];
  for (const size of readdirSync(join(folder, scheme)).sort((a, b) => Number(a) - Number(b))) {
    const comparison = await compareCheckpoints(join(folder, 'dense'), join(folder, scheme, size));
    const { explanations } = analyze(comparison);
    const [first] = explanations;
    const { error = Number.NaN, misrounded = null } = /** @type {{ error?: number, misrounded?: number | null }} */ (
      first?.evidence ?? {}
    );
    if (sentences !== undefined) console.log(`${scheme} ${size}: ${explanations.map(({ sentence }) => sentence).join(' | ')}`);
    const share = misrounded === null ? '?' : `${(100 * misrounded).toFixed(3)}%`;
    cells.push(`${(100 * error).toFixed(1)}% ${share} ${first?.sentence.startsWith('same') ? 'same' : ''}`);
  }
  console.log(`| ${scheme} | ${cells.join(' | ')} |`);
}
