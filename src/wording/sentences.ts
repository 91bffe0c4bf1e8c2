/** How numbers and lists are put into sentences. Names are passed on as they are: reports escape them. */

/** A relative size in per cent with two significant digits. */
export function formatPercent(size: number): string {
  const percent = size * 100;
  if (percent === 0) return '0 %';
  if (Math.abs(percent) < 1e-3) return `${percent.toExponential(1)} %`;
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(percent))));
  return `${Number(percent.toFixed(digits))} %`;
}

/** A share or a probability in per cent: never 100 % for less than all. */
export function formatShare(share: number): string {
  return share < 1 && share >= 0.995 ? '> 99 %' : formatPercent(share);
}

/** A magnitude with its whole part in full, `65,504`; a large one as `1.00e+20`. */
export function formatMagnitude(size: number): string {
  return size < 1e6 ? size.toLocaleString('en', { maximumFractionDigits: size < 1000 ? 2 : 0 }) : size.toExponential(2);
}

/** A factor with two significant digits, as `3.2×`. */
export function formatFold(fold: number): string {
  return `${Number(fold.toPrecision(2))}×`;
}

/** A cosine; close to 1 its distance from 1 says more. */
export function formatCosine(oneMinusCos: number): string {
  return oneMinusCos < 1e-3 ? `1 - ${oneMinusCos.toExponential(1)}` : (1 - oneMinusCos).toPrecision(3);
}

/** A count with its noun: `1 tensor`, `2 tensors`. */
export function formatNoun(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** Names for a sentence: the first few, and how many are left. */
export function listNames(names: readonly string[], most = 3): string {
  return names.length <= most ? joinWords(names) : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** First letter in upper case. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
