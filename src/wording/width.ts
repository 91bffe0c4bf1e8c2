/** Characters that take no cell of their own, and those that take two. */
const MARKS = /\p{M}/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Terminal cells that an escaped text takes. */
export function measureCells(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

/** Shortens a text in the middle: the ends of a tensor's name tell most. */
export function truncateMiddle(text: string, cells: number, ellipsis: string = '…'): string {
  if (text.length <= cells * 2 && measureCells(text) <= cells) return text;
  const room = Math.max(0, cells - measureCells(ellipsis));
  const head = takeCells(text, Math.floor(room / 2), false);
  const tail = takeCells(text, room - measureCells(head), true);
  return `${head}${ellipsis}${tail}`;
}

/** Fills up with blanks on the right. */
export function padCells(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - measureCells(text)));
}

/** Fills up with blanks on the left. */
export function padLeft(text: string, cells: number): string {
  return ' '.repeat(Math.max(0, cells - measureCells(text))) + text;
}

/** Breaks a text between words into lines of at most `cells`; a longer word stands alone. */
export function wrapWords(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ')) {
    const size = measureCells(word);
    if (used > 0 && used + 1 + size > cells) {
      lines.push(line);
      line = word;
      used = size;
    } else {
      line = used === 0 ? word : `${line} ${word}`;
      used += used === 0 ? size : size + 1;
    }
  }
  return [...lines, line];
}

function takeCells(text: string, cells: number, fromEnd: boolean): string {
  // A window is enough: a megabyte of name is never walked through.
  const window = [...(fromEnd ? text.slice(-cells * 2 - 2) : text.slice(0, cells * 2 + 2))];
  if (fromEnd) window.reverse();
  const taken: string[] = [];
  let used = 0;
  for (const character of window) {
    used += cellsOf(character);
    if (used > cells) break;
    taken.push(character);
  }
  return (fromEnd ? taken.reverse() : taken).join('');
}

function cellsOf(character: string): number {
  return MARKS.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}
