import type { ComparedSide } from '../../comparison/side.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatCompact, formatCount } from '../../wording/numbers.ts';
import { measureCells } from '../../wording/width.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';

/** `base → sft   57 tensors, 119k parameters, bf16`, with both numbers where the sides differ. */
export function writeHeader({ old, new: fresh, oldName, newName }: Report, layout: Layout): string {
  const { arrow } = layout.glyphs;
  const facts = [
    joinSides(formatCount(old.tensors), formatCount(fresh.tensors), 'tensor', arrow),
    describeParameters(old.elements, fresh.elements, arrow),
    joinSides(describeDtypes(old), describeDtypes(fresh), '', arrow),
  ].filter((fact) => fact !== '');
  return writeTitle([oldName, newName], facts.join(', '), layout);
}

/** Two names with what there is to say of them. */
export function writeTitle(names: readonly [string, string], facts: string, layout: Layout): string {
  const between = ` ${layout.glyphs.arrow} `;
  const room = Math.max(0, layout.width - measureCells(facts) - between.length - GAP.length);
  const [first, second] = names.map((name) => measureCells(escapeTerminal(name.slice(0, 1000)))) as [number, number];
  // What the shorter name does not need is the longer one's.
  const half = Math.floor(room / 2);
  const widths = [Math.max(half, room - second), Math.max(half, room - first)];
  const shown = names.map((name, side) => layout.paint('strong', fitName(name, widths[side] ?? 0, layout)));
  return `${shown.join(between)}${GAP}${facts}`;
}

const GAP = '   ';

/** Both counts in three digits, and in full where those are the same for different ones. */
function describeParameters(before: number, after: number, arrow: string): string {
  const isHidden = before !== after && formatCompact(before) === formatCompact(after);
  const format = isHidden ? formatCount : formatCompact;
  return joinSides(format(before), format(after), 'parameter', arrow);
}

function joinSides(before: string, after: string, noun: string, arrow: string): string {
  const words = before === after ? after : `${before || '–'} ${arrow} ${after || '–'}`;
  return noun === '' || words === '' ? words : `${words} ${words === '1' ? noun : `${noun}s`}`;
}

/** `bf16/f32`, those of most elements first. */
function describeDtypes(side: ComparedSide): string {
  const named = side.dtypes.slice(0, 3).map(([dtype]) => escapeTerminal(dtype));
  return side.dtypes.length > named.length ? `${named.join('/')}/…` : named.join('/');
}
