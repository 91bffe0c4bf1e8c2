import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { capitalize } from '../../wording/sentences.ts';
import { describeShapes } from '../describe.ts';
import { listGroups } from '../groups.ts';
import type { Report } from '../report.ts';
import type { MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function listStructure(report: Report, shown: number): MarkdownBlock[] {
  const { columns } = report;
  return listGroups(report).map(({ title, noun, rows, total }) => ({
    title: `${capitalize(title)}: ${formatNoun(total, 'tensor')}`,
    head: [],
    lines: Array.from(rows.subarray(0, shown), (row) => {
      const dtypes = [columns.old.dtype[row], columns.new.dtype[row]].filter((dtype) => dtype !== undefined && dtype !== '');
      const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
      const facts = [describeShapes(columns, row, { times: '×', arrow: '→' }), [...new Set(dtypes)].join('→')];
      return `- ${codeName(columns.names[row] ?? '')} ${facts.map(codeName).join(' ')} ${formatBytes(side.sizeBytes[row] ?? null)}`;
    }),
    total,
    noun,
    asItem: (text) => `- ${text}`,
    isFolded: true,
  }));
}
