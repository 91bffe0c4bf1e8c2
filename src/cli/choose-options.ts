import type { LoadOptions } from '../checkpoint/types.ts';
import type { CompareOptions, DiffConfig, SideOptions } from '../compare/options.ts';
import type { DiffFlags, OpenFlags, RunFlags, SharedOptions, SideFlags } from './flags.ts';

/** What the flags ask for on opening a checkpoint. */
export function chooseOpening(flags: OpenFlags): Pick<LoadOptions, 'key' | 'variant' | 'includeOptimizer' | 'raw' | 'limits'> {
  return {
    ...(flags.key !== undefined && { key: flags.key }),
    ...(flags.variant !== undefined && { variant: flags.variant }),
    ...(flags.includeOptimizer !== undefined && { includeOptimizer: true }),
    ...(flags.raw !== undefined && { raw: true }),
    ...(flags.limit !== undefined && { limits: flags.limit }),
  };
}

/** What the flags ask for on opening the only checkpoint. */
export function chooseOneOpening(flags: OpenFlags & { readonly adapter?: string }): Omit<LoadOptions, 'computeStats'> {
  return { ...chooseOpening(flags), ...(flags.adapter !== undefined && { adapter: flags.adapter }) };
}

/** What the flags ask for on opening one side of a comparison. */
export function chooseSideOpening(flags: OpenFlags & SideFlags, side: 'old' | 'new'): Omit<LoadOptions, 'computeStats'> {
  const { key, variant, adapter } = chooseSide(flags, side === 'old' ? 'Old' : 'New');
  return {
    ...chooseOpening(flags),
    ...(key !== undefined && { key }),
    ...(variant !== undefined && { variant }),
    ...(adapter !== undefined && { adapter }),
  };
}

/** What the flags ask for in every comparison. */
export function chooseConfig(flags: SharedOptions & Pick<RunFlags, 'threads'>): DiffConfig {
  return {
    ...(flags.include !== undefined && { include: flags.include }),
    ...(flags.exclude !== undefined && { exclude: flags.exclude }),
    ...(flags.threshold !== undefined && { changeThreshold: flags.threshold }),
    ...(flags.precision !== undefined && { precision: flags.precision }),
    ...(flags.rename !== undefined && { rename: flags.rename }),
    ...(flags.stripPrefix !== undefined && { stripPrefix: flags.stripPrefix }),
    ...(flags.threads !== undefined && { threads: flags.threads }),
  };
}

/** What the flags ask for in the comparison of two checkpoints. */
export function chooseOptions(flags: DiffFlags): CompareOptions {
  return {
    ...chooseOpening(flags),
    ...chooseConfig(flags),
    autoPrefix: flags.autoPrefix,
    includeUnchanged: flags.includeUnchanged === true,
    old: chooseSide(flags, 'Old'),
    new: chooseSide(flags, 'New'),
  };
}

function chooseSide(flags: SideFlags, side: 'Old' | 'New'): SideOptions {
  const [key, variant, adapter] = [flags[`key${side}`], flags[`variant${side}`], flags[`adapter${side}`]];
  const [include, rename, stripPrefix] = [flags[`include${side}`], flags[`rename${side}`], flags[`stripPrefix${side}`]];
  return {
    ...(key !== undefined && { key }),
    ...(variant !== undefined && { variant }),
    ...(adapter !== undefined && { adapter }),
    ...(include !== undefined && { include }),
    ...(rename !== undefined && { rename }),
    ...(stripPrefix !== undefined && { stripPrefix }),
  };
}
