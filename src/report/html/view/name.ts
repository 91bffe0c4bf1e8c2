import { quoteBlank } from '../../../wording/escape.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import { html, type Markup } from './markup.ts';

/** A name from a file, in code and apart from the direction of the text around it. A megabyte of name is shortened in the middle. */
export function showName(name: string): Markup {
  // Line breaks are offered after separators; a long segment breaks anywhere.
  const pieces = truncateMiddle(quoteBlank(name), 240).split(/(?<=[./])/);
  return html`<code class="name">${pieces.map((piece, index) => (index === 0 ? html`${piece}` : html`<wbr>${piece}`))}</code>`;
}
