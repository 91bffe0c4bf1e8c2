import { escapeMarkdown, escapeMarkdownCode } from '../../wording/escape.ts';
import { truncateMiddle } from '../../wording/width.ts';
import type { OriginWords } from '../provenance.ts';

/** The last line: where the report comes from. */
export function writeOrigin(words: OriginWords | null): string {
  if (words === null) return '';
  const { facts, command } = words;
  // Escaped as one: a date is a list to Markdown only where a line begins with it.
  const from = escapeMarkdown(facts.map((fact) => truncateMiddle(fact, 300)).join(' · '));
  return `<sub>${from}${command === null ? '' : ` · ${escapeMarkdownCode(truncateMiddle(command, 500))}`}</sub>`;
}
