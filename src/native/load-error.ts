import { ModelDiffError } from '../errors.ts';
import { TOOL } from '../tool.ts';
import { type AddonPlace, findBundle, findOtherTargets, packageName, readHandBuilt } from './installation.ts';
import { describeLibc, findTarget, readGlibcVersion, TARGETS, TARGETS_IN_WORDS } from './target.ts';

/** A place of the add-on and why it was of no use. */
export interface FailedPlace extends AddonPlace {
  /** What loading it threw; null where there is nothing to load. */
  readonly error: unknown;
}

/** The add-on of another release. */
export class VersionError extends Error {
  /** @param version undefined where the add-on does not tell */
  constructor(version: string | undefined) {
    super(`it is ${version === undefined ? 'of an unknown version' : `version ${version}`}, and model-diff is ${TOOL.version}`);
  }
}

const BUILD = 'build the add-on here (see CONTRIBUTING.md in the repository) and set MODEL_DIFF_NATIVE to its path';

/** Why there is no add-on, and what to do about it. */
export function describeLoadError(failed: readonly FailedPlace[]): ModelDiffError {
  const broken = failed.find(({ error }) => error !== null);
  const [message, hint] = readHandBuilt() === '' ? explain(broken) : explainHandBuilt(broken);
  return new ModelDiffError(message, {
    kind: 'NativeLoad',
    code: 'E_NATIVE_LOAD',
    path: broken?.path ?? undefined,
    hint,
    cause: broken?.error,
  });
}

type Explanation = readonly [message: string, hint: string];

function explainHandBuilt(broken: FailedPlace | undefined): Explanation {
  const found = broken === undefined ? 'is not there' : `does not load: ${findCause(broken.error)}`;
  return [
    `the add-on that MODEL_DIFF_NATIVE names ${found} (${readHandBuilt()})`,
    'MODEL_DIFF_NATIVE must name an add-on that was built for this system and version; without it the installed one is used',
  ];
}

function explain(broken: FailedPlace | undefined): Explanation {
  if (broken !== undefined) return explainBroken(broken);
  const target = findTarget();
  if (!TARGETS.includes(target)) {
    return [
      `there is no binary of model-diff for ${describeSystem()}`,
      `there are binaries for ${TARGETS_IN_WORDS}; elsewhere, ${BUILD}`,
    ];
  }
  const bundle = findBundle();
  if (bundle !== null) {
    return [
      `the native part of model-diff cannot be found from a bundle (${bundle})`,
      'tell the bundler to leave model-diff out: serverExternalPackages in Next.js, ssr.external in Vite, externals in webpack, ' +
        `external in esbuild, rollup, rolldown and bun; or copy model-diff.${target}.node from ${packageName(target)} beside the bundle, or set MODEL_DIFF_NATIVE to its path`,
    ];
  }
  const others = findOtherTargets();
  if (others.length > 0) {
    return [
      `node_modules was installed on another system: it has the binary for ${others.join(' and ')}, and this is ${target}`,
      'remove node_modules and install again on this system',
    ];
  }
  return [
    `the package with the binary for this system is not installed: ${packageName(target)}`,
    'it is an optional dependency, which --omit=optional leaves out, and npm 10.3 to 11.2 forgets when the lock file was made on another ' +
      'system: remove node_modules and package-lock.json and run npm install with npm 11.3 or newer',
  ];
}

function explainBroken({ name, path, error }: FailedPlace): Explanation {
  if (error instanceof VersionError) {
    return [
      `the add-on does not belong to this version: ${error.message} (${path})`,
      'install model-diff again, so that both come from one release; a copy beside a bundle has to be copied again',
    ];
  }
  const cause = findCause(error);
  const needed = findNewest(cause);
  if (needed !== null) {
    return [
      `glibc ${readGlibcVersion() ?? 'of this system'} is too old for the add-on, which needs ${needed} (${path})`,
      `use a system with glibc ${needed} or newer, or ${BUILD}`,
    ];
  }
  return [
    `the native part of model-diff does not load: ${cause}`,
    `this is ${describeSystem()}, and ${name} was to fit it; install it again, or ${BUILD}`,
  ];
}

/** The version of glibc that the system's loader missed, the newest where it names several. */
function findNewest(cause: string): string | null {
  const versions = [...cause.matchAll(/GLIBC_(\d+\.\d+)[^\n]* not found/g)].map(([, version = '']) => version);
  const minor = (version: string): number => Number(version.split('.')[1]);
  return versions.sort((a, b) => parseInt(b, 10) - parseInt(a, 10) || minor(b) - minor(a))[0] ?? null;
}

/** What the innermost of the causes of an error says. */
function findCause(error: unknown): string {
  let innermost = error;
  for (let depth = 0; depth < 10 && innermost instanceof Error && innermost.cause !== undefined; depth += 1)
    innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

function describeSystem(): string {
  return [process.platform, process.arch, describeLibc(), `with Node ${process.version}`]
    .filter((part) => part !== null)
    .join(' ');
}
