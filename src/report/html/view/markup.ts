import { escapeHtml } from '../../../wording/escape.ts';

/** A piece of HTML that is safe as it stands. Only {@link html} and {@link trusted} make one. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text is escaped, markup is not, null is nothing. */
export type Part = Markup | readonly Markup[] | string | number | null;

/** Template for HTML: every value is escaped unless it is markup already. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    strings.reduce((text, string, index) => text + string + (index < parts.length ? write(parts[index] ?? null) : ''), ''),
  );
}

/** Text of our own making that is HTML, CSS or escaped JSON already. Never for anything that comes from a file. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function write(part: Part): string {
  if (part === null) return '';
  if (part instanceof Markup) return part.text;
  return typeof part === 'object' ? part.map((markup) => markup.text).join('') : escapeHtml(String(part));
}
