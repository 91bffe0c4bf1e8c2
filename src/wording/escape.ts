/**
 * Everything a report prints may come from a hostile file: tensor names, configuration, metadata, and the sentences built from them.
 * Each output has its one way of making such text harmless, and all of them are here.
 */

/**
 * Characters that act on a reader or a terminal instead of being seen: C0 and C1 controls, formats (bidirectional overrides,
 * zero-width characters, tags), lone surrogates, line and paragraph separators, variation selectors and blank letters.
 */
const UNSEEN = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0f\u{e0100}-\u{e01ef}]`;
const UNSEEN_ANYWHERE = new RegExp(UNSEEN, 'gu');
/** In a finished text of several lines. */
const UNSEEN_IN_LINES = /* @__PURE__ */ new RegExp(String.raw`(?![\t\n])${UNSEEN}`, 'gu');

/** A name of blanks, or of nothing, in quotation marks: it could not be seen otherwise. */
export function quoteBlank(name: string): string {
  return name.trim() === '' ? `"${name}"` : name;
}

/** One line for a terminal or a plain text: what cannot be seen is written as `\u{1b}`. */
export function escapeTerminal(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replace(UNSEEN_ANYWHERE, showCodePoint);
}

/** A finished text of several lines (CSV, Markdown, HTML) that goes to a terminal: as {@link escapeTerminal}, keeping tabs and line feeds. */
export function escapeTerminalLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(UNSEEN_IN_LINES, showCodePoint);
}

/** Text or a quoted attribute value of an HTML page. */
export function escapeHtml(text: string): string {
  return escapeTerminal(text).replace(/[&<>"']/g, (character) => HTML_ENTITIES.get(character) ?? character);
}

/** A finished JSON text, safe to print on a terminal; the value stays the same. */
export function escapeJson(json: string): string {
  // Nearly all of a large report is ASCII, which the cheap pattern passes over.
  return json.replace(/[\x7f-\uffff]+/g, (run) => run.replace(UNSEEN_ANYWHERE, escapeUnits));
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let unit = 0; unit < character.length; unit += 1) {
    escaped += `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

/** A finished JSON text for a `<script type="application/json">`: nothing in it can end the element. */
export function escapeJsonInHtml(json: string): string {
  return escapeJson(json).replace(/</g, '\\u003c');
}

/** A cell of a CSV file: quoted where RFC 4180 asks for it, and never taken for a formula by a spreadsheet. */
export function escapeCsv(text: string): string {
  const harmless = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless;
}

/** A Markdown code span that shows a name as it is. Nothing inside is a link, a mention or markup. */
export function escapeMarkdownCode(text: string): string {
  // In a table `\|` is a pipe, but `\\|` is a backslash and the end of the cell.
  const content = escapeTerminal(text).replace(/\\\|/g, '\\\\u{7c}').replace(/\|/g, '\\|');
  if (content.trim() === '') return content === '' ? '` `' : `\`${content.replace(/ /g, '\\u{20}')}\``;
  const longestRun = (content.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
  const fence = '`'.repeat(longestRun + 1);
  const padding = /^[` ]|[` ]$/.test(content) ? ' ' : '';
  return `${fence}${padding}${content}${padding}${fence}`;
}

/** Prose of a Markdown document, table cells included. Words that GitHub would turn into links or mentions become code spans. */
export function escapeMarkdown(text: string): string {
  return escapeTerminal(text)
    .split(' ')
    .map((word) =>
      /@|:\/\/|www\.|#\d/i.test(word) ? escapeMarkdownCode(word) : word.replace(/[\\`*_[\]<>#|~&$]/g, escapeMarkdownCharacter),
    )
    .join(' ')
    .replace(/^(\s*\d*)([-+=.)])/, '$1\\$2');
}

function escapeMarkdownCharacter(character: string): string {
  // Entities, where a backslash would not hold: `\|` inside a table after another backslash, and tags.
  return HTML_ENTITIES.get(character) ?? (character === '|' ? '&#124;' : `\\${character}`);
}

function showCodePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const HTML_ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);
