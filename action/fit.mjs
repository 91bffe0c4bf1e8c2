/** Markdown within what GitHub takes: it drops or refuses whatever is longer, as a whole. */

const NOTE = '\n\nThe rest is left out here: the report is longer than GitHub shows.\n';

/**
 * A report cut to a number of bytes: without its foldable parts, and if that does not do, after a line.
 * @param {string} markdown
 * @param {number} bytes
 */
export function fitMarkdown(markdown, bytes) {
  if (Buffer.byteLength(markdown) <= bytes) return markdown;
  const room = bytes - Buffer.byteLength(NOTE);
  const short = markdown.replace(/<details[\s\S]*/u, '').trimEnd();
  if (Buffer.byteLength(short) <= room) return short + NOTE;
  const cut = Buffer.from(short).subarray(0, Math.max(0, room)).toString('utf8');
  return cut.slice(0, Math.max(0, cut.lastIndexOf('\n'))).trimEnd() + NOTE;
}

/**
 * Text as it is, in a block of code that nothing in it can end.
 * @param {string} text
 */
export function quoteBlock(text) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.trimEnd()}\n${fence}\n`;
}
