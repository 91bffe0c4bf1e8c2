import { toSnakeCase } from '../../wording/snake-case.ts';
import type { DiffFlags, SharedOptions } from '../flags.ts';
import type { Config } from './config-schema.ts';

/** The flags with the options of a configuration, where they do not say otherwise themselves. */
export function addConfig(flags: DiffFlags, config: Config | undefined): DiffFlags {
  return config === undefined ? flags : { ...readOptions(config), ...flags };
}

/** What of a configuration is no rule. */
export function readOptions(config: Config): SharedOptions {
  const { $schema: _schema, failOn: _failOn, expect: _expect, allowNonfinite: _allowNonfinite, ...options } = config;
  return options;
}

/** The options that come from a configuration and from no flag, by their names in the library, as errors are to call them. */
export function nameConfigured(
  flags: DiffFlags,
  { path, config }: Readonly<{ path: string; config: Config }>,
): ReadonlyMap<string, string> {
  const names = Object.keys(readOptions(config)).filter((name) => !(name in flags));
  return new Map(names.map((name) => [NAMES[name] ?? name, `${toSnakeCase(name)} of ${path}`]));
}

/** Names that the library has otherwise. */
const NAMES: Readonly<Record<string, string>> = { threshold: 'changeThreshold' };
