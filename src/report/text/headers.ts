import type { StructureChange, StructureComparison, StructureSide, TensorShape } from '../../comparison/structure.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatCompact, formatNoun } from '../../wording/numbers.ts';

/** Rows of each list that are shown unless more are asked for. */
const ROWS = 50;

/** The comparison as plain text. What is cut is counted. */
export function* writeStructure(found: StructureComparison, rows: number = ROWS): Generator<string> {
  const { old, new: newer } = found;
  yield `${escapeTerminal(old.name)} → ${escapeTerminal(newer.name)}   headers only\n`;
  yield `${found.verdict}\n\n`;
  yield `old   ${describeSide(old)}\nnew   ${describeSide(newer)}\n`;
  const lists: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['added', found.added.map(spellTensor)],
    ['removed', found.removed.map(spellTensor)],
    ['reshaped', found.reshaped.map(spellChange)],
    ['another dtype', found.retyped.map(spellChange)],
    [
      'configuration',
      found.configChanges.map(({ key, old: before, new: after }) => `${key}   ${spellSetting(before)} → ${spellSetting(after)}`),
    ],
    [
      'names',
      found.nameChanges.map(({ side, kind, rule, tensors }) => `${side}: ${kind} ${rule}, ${formatNoun(tensors, 'name')}`),
    ],
  ];
  for (const [title, lines] of lists) {
    if (lines.length === 0) continue;
    yield `\n${title} (${lines.length})\n`;
    for (const line of lines.slice(0, rows)) yield `  ${escapeTerminal(line)}\n`;
    if (lines.length > rows) yield `  and ${lines.length - rows} more; --top ${lines.length} shows all, --json too\n`;
  }
}

function describeSide({ format, tensors, parameters, bytes }: StructureSide): string {
  return `${format}, ${formatNoun(tensors, 'tensor')}, ${formatCompact(parameters)} parameters, ${formatBytes(bytes)}`;
}

function spellForm({ dtype, shape }: Omit<TensorShape, 'name'>): string {
  return `${dtype} [${shape.join('×')}]`;
}

function spellTensor({ name, ...form }: TensorShape): string {
  return `${name}   ${spellForm(form)}`;
}

function spellChange({ name, old, new: newer }: StructureChange): string {
  return `${name}   ${spellForm(old)} → ${spellForm(newer)}`;
}

function spellSetting(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
