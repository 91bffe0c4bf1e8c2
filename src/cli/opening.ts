import { formatNoun } from '../report/format.ts';
import type { Finding, LoadOptions } from '../types.ts';
import type { OpenFlags } from './flags.ts';
import { type Session, tell } from './session.ts';

/** Findings of these kinds, unless they are of no consequence, make a file unsafe. */
const UNSAFE = /^(?:Global|Nested|Pickle|Zip)/;

/** The options of `loadCheckpoint` that the flags ask for. */
export function chooseOpening(flags: OpenFlags): LoadOptions {
  return {
    ...(flags.key === undefined ? {} : { key: flags.key }),
    ...(flags.variant === undefined ? {} : { variant: flags.variant }),
    ...(flags.includeOptimizer === undefined ? {} : { includeOptimizer: true }),
    ...(flags.limit === undefined ? {} : { limits: flags.limit }),
  };
}

/** Whether a rule of `--fail-on` is broken; says by what. */
export function breaksRule(
  session: Session,
  flags: OpenFlags,
  checkpoints: readonly { readonly findings: readonly Finding[] }[],
): boolean {
  if (flags.failOn?.includes('unsafe') !== true) return false;
  const unsafe = checkpoints.flatMap(({ findings }) => findings.filter(isUnsafe));
  if (unsafe.length > 0)
    tell(session, `--fail-on unsafe: ${formatNoun(unsafe.length, 'finding')}; model-diff inspect --security lists them`);
  return unsafe.length > 0;
}

function isUnsafe({ code, severity }: Finding): boolean {
  return severity !== 'info' && UNSAFE.test(code);
}
