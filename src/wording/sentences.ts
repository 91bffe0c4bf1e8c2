/** How lists are put into sentences. Names are passed on as they are: reports escape them. */

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** Names for a sentence: the first few, and how many are left. */
export function listNames(names: readonly string[], most = 3): string {
  return names.length <= most ? joinWords(names) : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** First letter in upper case; names from files stay as they are. */
export function capitalize(text: string): string {
  return /^\S*[_./\d]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
