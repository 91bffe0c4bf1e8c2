import { formatRest } from '../../wording/numbers.ts';

/** A section whose lines may be left out from the end. */
export interface MarkdownBlock {
  readonly title: string;
  /** Lines that stand before the first one, as the head of a table. */
  readonly head: readonly string[];
  readonly lines: readonly string[];
  /** Entries that there are, of which `lines` may hold a part. */
  readonly total: number;
  /** What one entry is, as `modified tensor`. */
  readonly noun: string;
  /** How a remark at the end of the section is written. */
  readonly asItem: (text: string) => string;
}

/** Joins sections into at most `maxCharacters`: with fewer and fewer rows, then without the last sections, always saying so. */
export function fitBlocks(head: string, blocks: readonly MarkdownBlock[], rows: number, maxCharacters: number): string {
  const present = blocks.filter((block) => block.total > 0);
  for (let shown = rows; ; shown = Math.floor(shown / 2)) {
    const text = join(head, present, shown, []);
    if (text.length <= maxCharacters) return text;
    if (shown === 0) break;
  }
  for (let kept = present.length - 1; kept >= 0; kept -= 1) {
    const text = join(head, present.slice(0, kept), 0, present.slice(kept));
    if (text.length <= maxCharacters) return text;
  }
  // Between lines, so that no code span is left open.
  const notice = 'The rest does not fit here.\n';
  const cut = head.lastIndexOf('\n', Math.max(0, maxCharacters - notice.length - 1));
  return `${cut > 0 ? head.slice(0, cut + 1) : ''}${notice}`.slice(0, maxCharacters);
}

function join(head: string, blocks: readonly MarkdownBlock[], rows: number, left: readonly MarkdownBlock[]): string {
  const sections = blocks.map((block) => {
    const lines = block.lines.slice(0, rows);
    const rest = formatRest(block.total - lines.length, block.noun);
    const body = lines.length === 0 ? [] : [...block.head, ...lines];
    return `## ${block.title}\n\n${[...body, ...(rest === '' ? [] : [body.length === 0 ? rest : block.asItem(rest)])].join('\n')}`;
  });
  if (left.length > 0) sections.push(`Left out to save space: ${left.map((block) => block.title).join(', ')}.`);
  return `${[head, ...sections].join('\n\n')}\n`;
}
