/**
 * A report of one's own: a Markdown table of the change by block and part, made of a comparison that was just made or saved as JSON.
 *
 *   npx tsx examples/custom-report.ts examples/tiny-gpt/base examples/tiny-gpt/layer-decay
 *   npx tsx examples/custom-report.ts report.json
 */
import { readFile } from 'node:fs/promises';
import { analyze, compare, type Comparison, parseReport } from 'model-diff';

/** Sums of squares of a group of tensors. */
interface Group {
  change: number;
  size: number;
}

/** One row a block, one column a part of it, |d| / |old| in each cell. */
export function tabulate(comparison: Comparison): string {
  const groups = new Map<string, Group>();
  const [depths, types] = [new Set<number>(), new Set<string>()];
  for (const { depth, layerType, l2Diff, oldNorm } of comparison.rows({ unchanged: true })) {
    if (depth === null || l2Diff === null || oldNorm === null) continue;
    depths.add(depth);
    types.add(layerType);
    const group = groups.get(`${depth} ${layerType}`) ?? { change: 0, size: 0 };
    groups.set(`${depth} ${layerType}`, { change: group.change + l2Diff ** 2, size: group.size + oldNorm ** 2 });
  }
  const columns = [...types].sort();
  const cell = (depth: number, type: string): string => {
    const { change, size } = groups.get(`${depth} ${type}`) ?? { change: 0, size: 0 };
    return size === 0 ? '' : `${(Math.sqrt(change / size) * 100).toFixed(3)}%`;
  };
  const lines = [...depths].sort((a, b) => a - b).map((depth) => [String(depth), ...columns.map((type) => cell(depth, type))]);
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `# ${comparison.old.name} to ${comparison.new.name}`,
    '',
    analyze(comparison).summary.verdict,
    '',
    row(['block', ...columns]),
    row(['---', ...columns.map(() => '--:')]),
    ...lines.map(row),
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const [first = '', second] = process.argv.slice(2);
  const comparison = second === undefined ? parseReport(await readFile(first, 'utf8')) : await compare(first, second);
  process.stdout.write(tabulate(comparison));
}
