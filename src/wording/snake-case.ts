/** `oneMinusCos` to `one_minus_cos`. Only for names of fields, never for names that come from files. */
export function toSnakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
