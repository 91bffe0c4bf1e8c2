import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { isSpecialFloat } from '../wording/config-value.ts';
import type { ConfigChange } from '../comparison/summary.ts';

/** Deeper nesting than this is compared as one value. */
const DEEPEST = 16;

/** The name of the model's own configuration, whose keys stand without it. */
const MAIN = 'config.json';

/** What of a checkpoint tells its configuration. */
type Configured = Pick<Checkpoint, 'config' | 'configs' | 'hasFolder' | 'format' | 'metadata'>;

/** The sides of which no configuration is available, while the other one has some. */
export function listUnconfigured(old: Configured, newer: Configured): ('old' | 'new')[] {
  if (old.format === 'gguf' && newer.format === 'gguf') return [];
  const has = ({ config, configs }: Configured): boolean => config !== null || Object.keys(configs).length > 0;
  return [
    ...(!old.hasFolder && has(newer) ? (['old'] as const) : []),
    ...(!newer.hasFolder && has(old) ? (['new'] as const) : []),
  ];
}

/** Differences of `config.json`, then those of every other configuration file, whose keys begin with its name. */
export function compareAllConfigs(old: Configured, newer: Configured): ConfigChange[] {
  const isGguf = [old, newer].map(({ format }) => format === 'gguf');
  const keys = isGguf.every(Boolean) ? compareConfigs(readKeys(old), readKeys(newer)) : [];
  // Of a single file nobody knows its configuration: that it is not there says nothing. A GGUF file has its own, in other words.
  const isKnown = [old, newer].map(({ config, hasFolder }, side) => hasFolder && (config !== null || isGguf[side] !== true));
  return isKnown.every(Boolean) ? [...keys, ...compareFiles(old, newer)] : keys;
}

/** The keys of a GGUF file; of long lists how many there are and a hash. */
function readKeys({ metadata }: Configured): Record<string, unknown> {
  const read = (text: string): unknown => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  };
  return Object.fromEntries(Object.entries(metadata).map(([key, text]) => [key, read(text)]));
}

function compareFiles(old: Configured, newer: Configured): ConfigChange[] {
  const files = [...new Set([...Object.keys(old.configs), ...Object.keys(newer.configs)])].sort();
  const others = files.flatMap((file) =>
    file in old.configs && file in newer.configs
      ? compareConfigs(old.configs[file], newer.configs[file]).map((change) => ({ ...change, key: `${file}: ${change.key}` }))
      : [describePresence(file, old.configs[file], newer.configs[file])],
  );
  const isOneSided = (old.config === null) !== (newer.config === null);
  const main = isOneSided ? [describePresence(MAIN, old.config, newer.config)] : compareConfigs(old.config, newer.config);
  return [...main, ...others];
}

/** A file that one side does not have at all is no change of each of its keys. */
function describePresence(key: string, old: unknown, newer: unknown): ConfigChange {
  const present = (content: unknown): string | undefined => (content === undefined || content === null ? undefined : PRESENT);
  return { key, old: present(old), new: present(newer) };
}

/** Stands for the content of a file that the other side does not have. */
const PRESENT = 'present';

/**
 * Keys of two configurations that differ, by dotted path in the order of their names. Lists are compared as one value.
 */
export function compareConfigs(old: unknown, newer: unknown): ConfigChange[] {
  const before = flatten(old);
  const after = flatten(newer);
  const changes: ConfigChange[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    if (JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key))) {
      changes.push({ key, old: before.get(key), new: after.get(key) });
    }
  }
  return changes;
}

function flatten(value: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (node: unknown, path: string, depth: number): void => {
    const isBranch =
      typeof node === 'object' &&
      node !== null &&
      !Array.isArray(node) &&
      !isSpecialFloat(node) &&
      depth < DEEPEST &&
      Object.keys(node).length > 0;
    if (!isBranch) {
      if (path !== '') found.set(path, node);
      return;
    }
    for (const [key, child] of Object.entries(node)) visit(child, path === '' ? key : `${path}.${key}`, depth + 1);
  };
  visit(value, '', 0);
  return found;
}
