/** A number that does not exist is NaN in columns and null everywhere else; numbers beyond f64 do not exist either. */
export function toNullable(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
