import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { binding } from './binding.ts';
import { type AddonPlace, findAddons, findBundle } from './installation.ts';
import { describeLibc, findTarget, TARGETS } from './target.ts';
import { TOOL } from '../tool.ts';

/** What `doctor` looks at. */
export interface Machine {
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
  /** null where the system has one only. */
  readonly libc: string | null;
  /** Whether there is a binary for this platform. */
  readonly isSupported: boolean;
  readonly node: string;
  readonly npm: string | null;
  readonly addon: {
    readonly places: readonly AddonPlace[];
    /** The bundle of somebody else that runs this; null where the package does. */
    readonly bundle: string | null;
    /** Why it does not load; null where it does. */
    readonly error: unknown;
  };
  /** null where the add-on does not load. */
  readonly instructionSet: string | null;
  readonly cores: number;
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly temporary: { readonly path: string; readonly freeBytes: number | null };
  /** null where the add-on does not load, or there is no home. */
  readonly hubCache: { readonly path: string; readonly exists: boolean } | null;
  /** Variables that change what the program does, where they are set. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Looks at the installation and at what a comparison needs. */
export function describeMachine(): Machine {
  const { native, error } = loadAddon();
  const hubCache = native?.hubCache;
  return {
    version: TOOL.version,
    platform: process.platform,
    arch: process.arch,
    libc: describeLibc(),
    isSupported: TARGETS.includes(findTarget()),
    node: process.versions.node,
    npm: findNpm(),
    addon: { places: findAddons(), bundle: findBundle(), error },
    instructionSet: native?.instructionSet ?? null,
    cores: availableParallelism(),
    memory: { totalBytes: readTotalMemory(), freeBytes: freemem() },
    temporary: { path: tmpdir(), freeBytes: readFreeSpace(tmpdir()) },
    hubCache: hubCache === undefined ? null : { path: hubCache, exists: existsSync(hubCache) },
    environment: listVariables(),
  };
}

type Native = ReturnType<ReturnType<typeof binding>['describeMachine']>;

function loadAddon(): { readonly native: Native | null; readonly error: unknown } {
  try {
    return { native: binding().describeMachine(), error: null };
  } catch (error) {
    return { native: null, error };
  }
}

/** Variables of ours and of the hub's folders; none that could hold a secret. */
const VARIABLES = [
  'MODEL_DIFF_NATIVE',
  'MODEL_DIFF_THREADS',
  'MODEL_DIFF_ISA',
  'MODEL_DIFF_IO',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_HOME',
  'XDG_CACHE_HOME',
];

function listVariables(): Record<string, string> {
  return Object.fromEntries(
    VARIABLES.map((name) => [name, process.env[name] ?? ''] as const).filter(([, value]) => value !== ''),
  );
}

/** A container may be allowed less than the machine has. */
function readTotalMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

function readFreeSpace(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** The npm that runs the program, or else the one that came with Node. */
function findNpm(): string | null {
  const running = /^npm\/(\S+)/.exec(process.env['npm_config_user_agent'] ?? '')?.[1];
  if (running !== undefined) return running;
  const folder = dirname(process.execPath);
  for (const path of [join(folder, '..', 'lib', 'node_modules'), join(folder, 'node_modules')]) {
    try {
      const { version } = JSON.parse(readFileSync(join(path, 'npm', 'package.json'), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // Not there.
    }
  }
  return null;
}
