import type { ChangeType } from '../../comparison/columns.ts';
import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { selectDtypeChanged, selectRows } from '../rank.ts';
import type { Report } from '../report.ts';
import { describeShapes } from '../text/notes.ts';
import type { MarkdownBlock } from './budget.ts';
import { codeName } from './code-name.ts';

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function listStructure(report: Report, shown: number): MarkdownBlock[] {
  const { columns, summary } = report;
  const select = (type: ChangeType): Uint32Array => selectRows(columns, type);
  const dtypes = selectDtypeChanged(columns);
  const unchanged = report.listsUnchanged ? select('unchanged') : new Uint32Array();
  return [
    listRows(report, 'Reshaped', 'reshaped tensor', select('shape_changed'), summary.reshapedTensors, shown),
    listRows(report, 'Added', 'added tensor', select('added'), summary.addedTensors, shown),
    listRows(report, 'Removed', 'removed tensor', select('removed'), summary.removedTensors, shown),
    listRows(report, 'Same values in another dtype', 'such tensor', dtypes, dtypes.length, shown),
    listRows(report, 'Unchanged', 'unchanged tensor', unchanged, unchanged.length, shown),
  ];
}

function listRows(
  { columns }: Report,
  title: string,
  noun: string,
  rows: Uint32Array,
  total: number,
  shown: number,
): MarkdownBlock {
  const lines = [...rows.subarray(0, shown)].map((row) => {
    const dtypes = [columns.old.dtype[row], columns.new.dtype[row]].filter((dtype) => dtype !== undefined && dtype !== '');
    const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
    const facts = [describeShapes(columns, row, { times: '×', arrow: '→' }), [...new Set(dtypes)].join('→')]
      .map(codeName)
      .join(' ');
    return `- ${codeName(columns.names[row] ?? '')} ${facts} ${formatBytes(side.sizeBytes[row] ?? null)}`;
  });
  return { title: `${title}: ${formatNoun(total, 'tensor')}`, head: [], lines, total, noun, asItem: (text) => `- ${text}` };
}
