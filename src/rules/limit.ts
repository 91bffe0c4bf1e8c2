/** When a number breaks a rule. */
export interface Limit {
  readonly operator: Operator;
  readonly number: number;
}

/** The least and the most that a number can be. */
export type Range = readonly [least: number, most: number];

export type Operator = '>' | '>=' | '<' | '<=';

const OPERATORS: Readonly<Record<Operator, (value: number, limit: number) => boolean>> = {
  '>=': (value, limit) => value >= limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '<': (value, limit) => value < limit,
};

/** All operators, those first that begin with another one. */
export const OPERATOR_NAMES: readonly Operator[] = Object.keys(OPERATORS) as Operator[];

/** Whether a number breaks the rule. */
export function breaks({ operator, number }: Limit, value: number): boolean {
  return OPERATORS[operator](value, number);
}

/** Whether large numbers break the rule, and not small ones. */
export function isUpper({ operator }: Limit): boolean {
  return operator.startsWith('>');
}
