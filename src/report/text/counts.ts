import type { SideColumns } from '../../comparison/columns.ts';
import { formatCount } from '../../wording/numbers.ts';
import type { Report } from '../report.ts';
import { joinParts } from './join-parts.ts';
import type { Layout } from './layout.ts';
import type { Tone } from './paint.ts';
import type { Section } from './sections.ts';

/** Tensors of one kind. */
interface Count {
  readonly label: string;
  readonly count: number;
  readonly tone?: Tone;
  /** Told only where there is one. */
  readonly isRare?: boolean;
  /** In other words than the count. */
  readonly words?: string;
}

/** Tensors by kind of change: what is wrong first, zeros dim. */
export function writeCounts({ summary, columns }: Report, layout: Layout): Section {
  const wrong: readonly Count[] = [
    { label: 'failed', count: summary.failedTensors, isRare: true },
    countHolders('NaN', columns.old.nan, columns.new.nan, layout),
    { ...countHolders('Inf', columns.old.inf, columns.new.inf, layout), isRare: true },
  ];
  const within = summary.unchangedTensors - summary.identicalTensors;
  const kinds: readonly Count[] = [
    { label: 'changed', count: summary.modifiedTensors, tone: 'strong' },
    { label: 'identical', count: summary.identicalTensors },
    { label: 'within the threshold', count: within, isRare: true },
    { label: 'added', count: summary.addedTensors, tone: 'good' },
    { label: 'removed', count: summary.removedTensors, tone: 'bad' },
    { label: 'reshaped', count: summary.reshapedTensors, tone: 'warn' },
    { label: 'dtype', count: summary.dtypeChangedTensors, tone: 'warn', isRare: true },
  ];
  const isThere = ({ count }: Count): boolean => count > 0;
  const all = [...wrong.filter(isThere), ...kinds, ...wrong.filter((one) => !isThere(one))];
  const parts = all
    .filter((one) => isThere(one) || one.isRare !== true)
    .map(({ label, count, tone, words }) => paintCount(`${label} ${words ?? formatCount(count)}`, count, tone, layout));
  return { id: 'counts', isApart: true, items: [joinParts(parts, '   ', layout.width)], name: () => 'counts' };
}

function paintCount(text: string, count: number, tone: Tone | undefined, { paint }: Layout): string {
  if (count === 0) return paint('dim', text);
  return tone === undefined ? text : paint(tone, text);
}

/** Tensors with such elements: of the new side, and of both where the old one had some. */
function countHolders(label: string, old: SideColumns['nan'], fresh: SideColumns['nan'], { glyphs }: Layout): Count {
  const [before, after] = [old, fresh].map((column) => column.reduce((sum, elements) => sum + (elements > 0 ? 1 : 0), 0)) as [
    number,
    number,
  ];
  const words = before === 0 ? formatCount(after) : `${formatCount(before)} ${glyphs.arrow} ${formatCount(after)}`;
  return { label, count: Math.max(before, after), tone: 'bad', words };
}
