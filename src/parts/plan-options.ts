import { LOAD_OPTIONS } from '../checkpoint/load.ts';
import { COMPARE_OPTIONS } from '../compare/options.ts';
import { compareCodeUnits } from '../names/order.ts';
import { isPlainObject, type OptionTable, type OptionsOf } from '../options.ts';
import { toSnakeCase } from '../wording/snake-case.ts';
import type { PlannedOptions } from './types.ts';

const {
  threads: _threads,
  signal: _signal,
  onProgress: _onProgress,
  provenance: _provenance,
  probes: _probes,
  includeUnchanged: _includeUnchanged,
  normalizeBySize: _normalizeBySize,
  topKLayers: _topKLayers,
  ...PLANNED
} = COMPARE_OPTIONS;

/** What of a comparison a plan fixes. */
export const PLANNED_OPTIONS: OptionsOf<PlannedOptions> = PLANNED;

/** Options whose defaults are left out of a plan, so that the same comparison is the same plan however it is asked for. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  computeElementWise: true,
  precision: 'fast',
  histogram: false,
  autoPrefix: true,
  includeOptimizer: false,
  raw: false,
};

/** The options that a plan fixes, without those that say nothing, in one order. */
export function keepPlanned(options: PlannedOptions): PlannedOptions {
  return keep(options, PLANNED_OPTIONS);
}

function keep(options: object, table: OptionTable): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options).sort(([a], [b]) => compareCodeUnits(a, b))) {
    if (!Object.hasOwn(table, name)) continue;
    if (value === undefined || value === DEFAULTS[name] || (Array.isArray(value) && value.length === 0)) continue;
    const inner = table[name]?.inner;
    const own = isPlainObject(value) && inner !== undefined ? keep(value, inner) : value;
    if (isPlainObject(own) && Object.keys(own).length === 0) continue;
    kept[name] = own;
  }
  return kept;
}

/** The names of limits are what they are. */
const { inner: LIMITS = {} } = LOAD_OPTIONS.limits;

const spellName = (name: string): string => (Object.hasOwn(LIMITS, name) ? name : toSnakeCase(name));

/** Options as a plan file has them. */
export function spellOptions(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [spellName(name), isPlainObject(value) ? spellOptions(value) : value]),
  );
}

/** Options out of a plan file; a name that there is not stays as it is, for whoever checks them. */
export function readOptions(
  spelt: Readonly<Record<string, unknown>>,
  table: OptionTable = PLANNED_OPTIONS,
): Readonly<Record<string, unknown>> {
  const names = new Map(Object.keys(table).map((name) => [spellName(name), name]));
  return Object.fromEntries(
    Object.entries(spelt).map(([key, value]) => {
      const name = names.get(key) ?? key;
      const inner = Object.hasOwn(table, name) ? table[name]?.inner : undefined;
      return [name, isPlainObject(value) && inner !== undefined ? readOptions(value, inner) : value];
    }),
  );
}
