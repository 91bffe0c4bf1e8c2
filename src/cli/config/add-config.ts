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
