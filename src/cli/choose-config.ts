import type { DiffConfig } from '../types.ts';
import type { SeriesFlags } from './flags.ts';

/** The options of a comparison that the flags ask for. */
export function chooseConfig(flags: SeriesFlags): DiffConfig {
  return {
    ...(flags.include === undefined ? {} : { include: flags.include }),
    ...(flags.exclude === undefined ? {} : { exclude: flags.exclude }),
    ...(flags.threshold === undefined ? {} : { changeThreshold: flags.threshold }),
    ...(flags.precision === undefined ? {} : { precision: flags.precision }),
    ...(flags.rename === undefined ? {} : { rename: flags.rename }),
    ...(flags.stripPrefix === undefined ? {} : { stripPrefix: flags.stripPrefix }),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
  };
}
