import { changeTypeAt, type TensorColumns } from '../comparison/columns.ts';
import { formatCount, formatNoun } from '../wording/numbers.ts';
import { formatValue } from './format-value.ts';
import { conclude, describeChange, hasChanged, nameCase } from './judgement.ts';
import { compilePatterns, MOST_CASES, type Rule, selectRows, UNMATCHED } from './rule.ts';
import type { Expectations, RuleCase } from './types.ts';

type Event = keyof NonNullable<Expectations['may']>;

/** What happens to tensors that only some may have happen. */
const EVENTS: Readonly<
  Record<Event, { readonly word: string; readonly happened: (columns: TensorColumns, row: number) => boolean }>
> = {
  add: { word: 'added', happened: (columns, row) => changeTypeAt(columns, row) === 'added' },
  remove: { word: 'removed', happened: (columns, row) => changeTypeAt(columns, row) === 'removed' },
  change: { word: 'changed', happened: hasChanged },
};

const EVENT_NAMES: readonly Event[] = Object.keys(EVENTS) as Event[];

/** The rules that expectations amount to: one for each list of what may happen, one for each pattern of what must not. */
export function readExpectations({ may = {}, identical = [] }: Expectations, place: string): readonly Rule[] {
  return [
    ...EVENT_NAMES.flatMap((event) => {
      const patterns = may[event];
      return patterns === undefined ? [] : [allow(event, patterns, `${place}.may.${event}`)];
    }),
    ...identical.map((pattern, index) => requireIdentical(pattern, `${place}.identical[${index}]`)),
  ];
}

function allow(event: Event, patterns: readonly string[], place: string): Rule {
  const matches = compilePatterns(patterns, place);
  const { word, happened } = EVENTS[event];
  return {
    text: `${patterns.length === 0 ? 'nothing' : `only ${patterns.join(', ')}`} may be ${word}`,
    name: place,
    judge: ({ columns }) => {
      const rows = [...columns.names.keys()].filter((row) => happened(columns, row));
      const others = rows.filter((row) => !matches(columns.names[row] ?? ''));
      const tensors = `${formatCount(rows.length)} ${word}`;
      const message = others.length === 0 ? tensors : `${tensors}, ${formatCount(others.length)} of them not expected`;
      return conclude(rows.length, others.length, message, listChanged(columns, others));
    },
  };
}

function requireIdentical(pattern: string, place: string): Rule {
  const matches = compilePatterns([pattern], place);
  return {
    text: `${pattern} must stay identical`,
    name: place,
    judge: (subject) => {
      const { columns } = subject;
      const rows = selectRows(subject, matches);
      if (rows.length === 0) return UNMATCHED;
      const broken = rows.filter((row) => columns.identical[row] !== 1 || columns.dtypeChanged[row] === 1);
      const message = `${formatNoun(rows.length, 'tensor')}, ${broken.length === 0 ? 'all identical' : `${formatCount(broken.length)} not identical`}`;
      return conclude(rows.length, broken.length, message, listChanged(columns, broken));
    },
  };
}

/** The first few tensors, those that changed most first. */
function listChanged(columns: TensorColumns, rows: readonly number[]): readonly RuleCase[] {
  const sizeOf = (row: number): number => columns.symmetricChange[row] || 0;
  return [...rows]
    .sort((a, b) => sizeOf(b) - sizeOf(a) || a - b)
    .slice(0, MOST_CASES)
    .map((row) => {
      const size = sizeOf(row);
      const words = describeChange(columns, row);
      return nameCase(columns, row, size > 0 ? `${words} ${formatValue(size, 'ratio', 0)}` : words, size > 0 ? size : null);
    });
}
