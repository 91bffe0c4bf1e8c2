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
  /** Whether the reader has to open the section to see anything of it. */
  readonly isFolded: boolean;
}

/** Lines of a section that are seen at once; the others have to be opened. */
const SEEN = 10;

/** What stands around the sections, and is never left out. */
interface Frame {
  readonly head: string;
  readonly foot: string;
}

/** Joins sections into at most `maxCharacters`: with fewer and fewer rows, then without the last sections, always saying so. */
export function fitBlocks({ head, foot }: Frame, blocks: readonly MarkdownBlock[], rows: number, maxCharacters: number): string {
  const present = blocks.filter((block) => block.total > 0);
  const end = foot === '' ? '' : `\n${foot}\n`;
  const most = maxCharacters - end.length;
  for (let shown = rows; ; shown = Math.floor(shown / 2)) {
    const text = join(head, present, shown, []);
    if (text.length <= most) return text + end;
    if (shown === 0) break;
  }
  for (let kept = present.length - 1; kept >= 0; kept -= 1) {
    const text = join(head, present.slice(0, kept), 0, present.slice(kept));
    if (text.length <= most) return text + end;
  }
  // Between lines, so that no code span is left open.
  const notice = 'The rest does not fit here.\n';
  const cut = head.lastIndexOf('\n', Math.max(0, maxCharacters - notice.length - 1));
  return `${cut > 0 ? head.slice(0, cut + 1) : ''}${notice}`.slice(0, maxCharacters);
}

function join(head: string, blocks: readonly MarkdownBlock[], rows: number, left: readonly MarkdownBlock[]): string {
  const sections = blocks.map((block) => layOutBlock(block, rows));
  if (left.length > 0) sections.push(`Left out to save space: ${left.map((block) => block.title).join(', ')}.`);
  return `${[head, ...sections].join('\n\n')}\n`;
}

function layOutBlock(block: MarkdownBlock, rows: number): string {
  const lines = block.lines.slice(0, rows);
  if (block.isFolded) return fold(block.title, layOutLines(block, lines, block.total));
  const seen = lines.slice(0, SEEN);
  const more = block.total - seen.length;
  // A list of eleven is no longer for its last line.
  const isWhole = lines.length === seen.length || more === 1;
  const title = `### ${block.title}\n\n`;
  if (isWhole) return title + layOutLines(block, lines, block.total);
  const rest = layOutLines(block, lines.slice(SEEN), more);
  return `${title}${layOutLines(block, seen, seen.length)}\n\n${fold(formatRest(more, block.noun).replace(/^… and /u, ''), rest)}`;
}

function layOutLines({ head, noun, asItem }: MarkdownBlock, lines: readonly string[], total: number): string {
  const rest = formatRest(total - lines.length, noun);
  const body = lines.length === 0 ? [] : [...head, ...lines];
  return [...body, ...(rest === '' ? [] : [body.length === 0 ? rest : asItem(rest)])].join('\n');
}

/** A part that opens with a click. The title holds no name of a file. */
function fold(title: string, text: string): string {
  return `<details><summary>${title}</summary>\n\n${text}\n\n</details>`;
}
