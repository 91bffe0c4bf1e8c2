import { escapeMarkdownCode, quoteBlank } from '../../wording/escape.ts';
import { truncateMiddle } from '../../wording/width.ts';

/** A name as a code span, shortened in the middle: a table cell holds no megabyte. */
export function codeName(name: string): string {
  return escapeMarkdownCode(truncateMiddle(quoteBlank(name), 160));
}
