/** The terms of the text of the search box. */

const TERMS = /[-!]?\/(?:\\.|[^/\\])+\/|(?:[^\s"]|"[^"]*"?)+/g;

/** Cuts at blanks, but not inside of quotation marks and expressions. */
export function splitTerms(query: string): readonly string[] {
  return query.replace(/ *([<>]=?) */g, '$1').match(TERMS) ?? [];
}

/** A value of a condition, in quotation marks where it has blanks. */
export function quoteValue(value: string): string {
  return /[\s"]/.test(value) || value === '' ? `"${value.replaceAll('"', '')}"` : value;
}

/** Whether a term is in it. */
export function hasTerm(query: string, term: string): boolean {
  return splitTerms(query).includes(term);
}

/** With a term at its end. */
export function putTerm(query: string, term: string): string {
  return [...splitTerms(query), term].join(' ');
}

/** Without the terms that begin so. */
export function takeTerm(query: string, ...starts: readonly string[]): string {
  return splitTerms(query)
    .filter((term) => !starts.some((start) => term.startsWith(start)))
    .join(' ');
}
