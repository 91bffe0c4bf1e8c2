import type { PlannedOptions } from '../../parts/types.ts';
import { chooseOptions } from '../choose-options.ts';
import { addConfig, nameConfigured } from '../config/add-config.ts';
import { findConfig } from '../config/find-config.ts';
import type { DiffFlags } from '../flags.ts';
import type { Session } from '../session.ts';

/** What the flags and the configuration say of a comparison in parts. Sizes of changes are always counted: a web page may be asked for later. */
export function chooseConfigured(session: Session, given: DiffFlags, inputs: readonly string[]): PlannedOptions {
  const found = findConfig(session, given, inputs);
  session.configured = found === null ? undefined : nameConfigured(given, found);
  const { threads: _threads, includeUnchanged: _unchanged, ...options } = chooseOptions(addConfig(given, found?.config));
  return { ...options, histogram: true };
}
