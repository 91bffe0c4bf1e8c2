/** Signs of the sentences in ASCII, and every other character beyond it as its code point. */
export function spellAscii(text: string): string {
  return text.replace(
    /[^\n\x20-\x7e\u001b]/gu,
    (character) => ASCII_SPELLINGS.get(character) ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

const ASCII_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['–', '-'],
  ['—', '-'],
  ['−', '-'],
  ['…', '...'],
  ['×', 'x'],
  ['→', '->'],
  ['≈', '~'],
  ['·', '|'],
  ['≤', '<='],
  ['≥', '>='],
  ['‖', '||'],
  ['√', 'sqrt'],
  ['Σ', 'sum '],
  ['Δ', 'd'],
  ['σ', 'sigma'],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
]);
