import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatCount, formatNoun, formatRest } from '../../wording/numbers.ts';
import { selectDtypeChanged, selectRows } from '../rank.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import { describeUnconfigured } from '../configuration.ts';
import type { Report } from '../report.ts';
import { fitName, type Layout } from './layout.ts';
import { describeNotes, describeShapes } from './notes.ts';
import type { Tone } from './paint.ts';
import { measureCells } from './width.ts';

/** Tensors that could not be compared, each with the reason. */
export function writeFailed({ columns, summary }: Report, layout: Layout): string[] {
  const rows = [...columns.errors.keys()].sort((a, b) => a - b);
  if (rows.length === 0 && summary.failedTensors === 0) return [];
  const lines = ['', layout.paint('bad', `could not be compared: ${formatNoun(summary.failedTensors, 'tensor')}`)];
  for (const row of rows.slice(0, layout.rows)) {
    const name = fitName(columns.names[row] ?? '', layout.width - 4, layout);
    lines.push(`  x ${name}`, `      ${escapeTerminal(columns.errors.get(row) ?? '')}`);
  }
  return [...lines, ...writeRest(summary.failedTensors - Math.min(rows.length, layout.rows), 'failed tensor', layout)];
}

/** Tensors on one side only, with another shape, or with equal values in another dtype; unchanged ones where they are listed. */
export function writeStructure({ columns, summary, listsUnchanged }: Report, layout: Layout): string[] {
  const { glyphs } = layout;
  const groups: readonly Group[] = [
    {
      title: 'reshaped',
      sign: glyphs.shape,
      tone: 'warn',
      rows: selectRows(columns, 'shape_changed'),
      total: summary.reshapedTensors,
    },
    { title: 'added', sign: glyphs.added, tone: 'good', rows: selectRows(columns, 'added'), total: summary.addedTensors },
    { title: 'removed', sign: glyphs.removed, tone: 'bad', rows: selectRows(columns, 'removed'), total: summary.removedTensors },
    { title: 'same values in another dtype', sign: glyphs.shape, tone: 'warn', rows: selectDtypeChanged(columns), total: 0 },
    {
      title: 'unchanged',
      sign: glyphs.identical,
      tone: 'dim',
      rows: listsUnchanged ? selectRows(columns, 'unchanged') : new Uint32Array(),
      total: 0,
    },
  ];
  return groups.flatMap(({ title, sign, tone, rows, total }) => {
    const count = Math.max(total, rows.length);
    if (count === 0) return [];
    const lines = ['', layout.paint('strong', `${title}: ${formatNoun(count, 'tensor')}`)];
    for (const row of rows.subarray(0, layout.rows)) {
      const side = columns.new.dtype[row] === '' ? columns.old : columns.new;
      const notes = describeNotes(columns, row, glyphs);
      const dtype = columns.dtypeChanged[row] === 1 ? '' : escapeTerminal(side.dtype[row] ?? '');
      const facts = [describeShapes(columns, row, glyphs), dtype, notes, formatBytes(side.sizeBytes[row] ?? null)]
        .filter((fact) => fact !== '')
        .join(' ');
      const name = fitName(columns.names[row] ?? '', layout.width - measureCells(facts) - 6, layout);
      lines.push(`  ${layout.paint(tone, sign)} ${name}  ${layout.paint('dim', facts)}`);
    }
    return [
      ...lines,
      ...writeRest(
        count - Math.min(rows.length, layout.rows),
        `${title === 'same values in another dtype' ? 'such' : title} tensor`,
        layout,
      ),
    ];
  });
}

/** Keys of the configuration files that differ. */
export function writeConfiguration({ summary }: Report, layout: Layout): string[] {
  const changes = summary.configChanges;
  const notes = summary.unconfigured.map((side) => layout.paint('dim', `configuration: ${describeUnconfigured(side)}`));
  if (changes.length === 0) return notes.length === 0 ? [] : ['', ...notes];
  const lines = ['', layout.paint('strong', `configuration: ${formatCount(changes.length)} changed`)];
  for (const change of changes.slice(0, layout.rows)) {
    const values = [change.old, change.new].map((value) =>
      fitName(spellConfigValue(value), Math.floor(layout.width / 4), layout),
    );
    lines.push(`  ${fitName(change.key, Math.floor(layout.width / 2), layout)}: ${values.join(` ${layout.glyphs.arrow} `)}`);
  }
  return [...lines, ...writeRest(changes.length - layout.rows, 'changed key', layout)];
}

interface Group {
  readonly title: string;
  readonly sign: string;
  readonly tone: Tone;
  readonly rows: Uint32Array;
  /** Tensors of the group in the whole result, listed or not. */
  readonly total: number;
}

function writeRest(rest: number, noun: string, layout: Layout): string[] {
  return rest > 0 ? [`  ${formatRest(rest, noun)}${layout.moreHint}`] : [];
}
