import { escapeTerminal } from '../../wording/escape.ts';
import { formatRest } from '../../wording/numbers.ts';
import { truncateMiddle } from '../../wording/width.ts';

/** A line that GitHub Actions shows at the head of a run. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  /** Lines of the message; the names in them may come from files. */
  readonly lines: readonly string[];
}

/** GitHub shows so many of a level in a step, and leaves out the others without a word. */
const MOST = 10;
/** Characters of a line at most. */
const LONGEST = 500;

/** Annotations as workflow commands, one a line: those of a level that are too many are counted by the last one. */
export function writeAnnotations(annotations: readonly Annotation[]): string {
  const levels = ['error', 'warning', 'notice'] as const;
  return levels
    .flatMap((level) => {
      const own = annotations.filter((annotation) => annotation.level === level);
      if (own.length <= MOST) return own;
      const rest = formatRest(own.length - MOST + 1, level);
      return [
        ...own.slice(0, MOST - 1),
        { level, title: `${rest} of model-diff`, lines: ['The other forms of the report have them all.'] },
      ];
    })
    .map(
      ({ level, title, lines }) =>
        `::${level} title=${escapeProperty(clean(title))}::${escapeData(lines.map(clean).join('\n'))}\n`,
    )
    .join('');
}

function clean(text: string): string {
  // What an older form of commands begins with, which runners find anywhere in a line.
  return truncateMiddle(escapeTerminal(text), LONGEST).replaceAll('##[', '# #[');
}

/** The message of a workflow command. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** The value of one of its properties. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
