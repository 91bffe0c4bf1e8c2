import { escapeTerminal } from '../../wording/escape.ts';
import type { OriginWords } from '../provenance.ts';
import type { Layout } from './layout.ts';

/** The last line off a terminal: where the report comes from. Nothing on a terminal, whose reader has just typed it. */
export function writeOrigin(words: OriginWords | null, layout: Layout): string[] {
  if (words === null || layout.onTerminal) return [];
  const { facts, command } = words;
  const line = `${facts.join(', ').replaceAll('→', layout.glyphs.arrow)}${command === null ? '' : `: ${command}`}`;
  return ['', layout.paint('dim', escapeTerminal(line))];
}
