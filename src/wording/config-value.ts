/** Numbers that JSON has not, as configuration files of Python spell them: `{"__float__": "Infinity"}`. */
const FLOAT = '__float__';

/** A value of a configuration file as JSON; the infinities and NaN as themselves, `absent` where the key is missing. */
export function spellConfigValue(value: unknown): string {
  if (value === undefined) return 'absent';
  return JSON.stringify(value).replace(/\{"__float__":"(-?Infinity|NaN)"\}/g, '$1');
}

/** Whether a value is one of those numbers. */
export function isSpecialFloat(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 1 && FLOAT in value;
}
