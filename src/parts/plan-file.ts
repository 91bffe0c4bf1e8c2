import { createHash } from 'node:crypto';
import { argumentError, ModelDiffError } from '../errors.ts';
import { checkOptions, isPlainObject } from '../options.ts';
import { MOST_PARTS, planPath, readWhole, writeWhole } from './folder.ts';
import { PLANNED_OPTIONS, readOptions, spellOptions } from './plan-options.ts';
import type { PartsPlan, PlannedFile, PlannedPart, PlannedSide } from './types.ts';

/** Of the form of plan.json. */
const SCHEMA_VERSION = 1;

/** Bytes of the largest plan: 99,999 parts of a model of 10,000 files take a tenth. */
const MOST_BYTES = 64 << 20;

/** A plan with its hash. */
export function sealPlan(plan: Omit<PartsPlan, 'hash'>): PartsPlan {
  return { hash: hashPlan(plan), ...plan };
}

/** Everything but the paths: a checkpoint may lie elsewhere on another machine. */
function hashPlan(plan: Omit<PartsPlan, 'hash'>): string {
  const { old, new: newer, ...rest } = spellPlan(plan);
  const { path: _old, ...before } = old;
  const { path: _new, ...after } = newer;
  const options = plan.options;
  const adapters = { old: hasAdapter(options.old), new: hasAdapter(options.new) };
  return createHash('sha256')
    .update(JSON.stringify({ ...rest, options: withoutAdapters(rest.options), adapters, old: before, new: after }))
    .digest('hex');
}

function hasAdapter(side: { readonly adapter?: string } | undefined): boolean {
  return side?.adapter !== undefined;
}

/** Their files are among those of their side. */
function withoutAdapters(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      if (!isPlainObject(value)) return [name, value];
      const { adapter: _, ...rest } = value;
      return [name, rest];
    }),
  );
}

interface SpeltSide {
  readonly path: string;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly modified_ms: number | null;
    readonly version: string | null;
  }[];
  readonly tensors_blake3: string;
  readonly configuration_sha256: string;
}

interface SpeltPlan {
  readonly schema_version: number;
  readonly version: string;
  readonly old: SpeltSide;
  readonly new: SpeltSide;
  readonly options: Readonly<Record<string, unknown>>;
  readonly items_sha256: string;
  readonly parts: readonly { readonly end: number; readonly bytes: number }[];
}

function spellPlan(plan: Omit<PartsPlan, 'hash'>): SpeltPlan {
  return {
    schema_version: SCHEMA_VERSION,
    version: plan.version,
    old: spellSide(plan.old),
    new: spellSide(plan.new),
    options: spellOptions({ ...plan.options }),
    items_sha256: plan.items,
    parts: plan.parts.map(({ end, bytes }) => ({ end, bytes })),
  };
}

function spellSide({ path, files, tensors, configuration }: PlannedSide): SpeltSide {
  return {
    path,
    files: files.map(({ name, bytes, modified, version }) => ({ name, bytes, modified_ms: modified, version })),
    tensors_blake3: tensors,
    configuration_sha256: configuration,
  };
}

/** Writes plan.json where there is none yet; whether it did. */
export async function writePlan(directory: string, plan: PartsPlan): Promise<boolean> {
  const text = `${JSON.stringify({ plan_hash: plan.hash, ...spellPlan(plan) }, null, 1)}\n`;
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw argumentError(`the plan takes more than ${MOST_BYTES} bytes`, 'plan fewer parts', 'parts');
  return writeWhole(planPath(directory), [text], { isNew: true });
}

/**
 * The plan of a folder; null where it has none.
 * @throws `ModelDiffError` `E_INVALID_PLAN` for what is no plan, or was changed by hand; `E_PLAN_MISMATCH` for that of another version
 */
export async function readPlan(directory: string): Promise<PartsPlan | null> {
  const path = planPath(directory);
  const text = await readWhole(path, MOST_BYTES);
  if (text === null) return null;
  const fail = (why: string): never => {
    throw new ModelDiffError(`${path} is no plan: ${why}`, {
      kind: 'Format',
      code: 'E_INVALID_PLAN',
      path,
      hint: 'make the plan again in a new folder: model-diff plan OLD NEW -n PARTS -o FOLDER',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch (error) {
    return fail(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isPlainObject(value)) return fail('expected an object');
  const { plan_hash: hash, schema_version: schema, version } = value;
  if (schema !== SCHEMA_VERSION) return fail(`expected schema_version ${SCHEMA_VERSION}`);
  if (typeof version !== 'string') return fail('expected the version of model-diff as a text');
  const plan = {
    version,
    old: readSide(value['old'], 'old', fail),
    new: readSide(value['new'], 'new', fail),
    options: readPlanned(value['options'], fail),
    items: readHash(value['items_sha256'], 'items_sha256', fail),
    parts: readParts(value['parts'], fail),
  };
  if (hashPlan(plan) !== hash) return fail('its plan_hash does not belong to it: it was changed by hand');
  return { hash, ...plan };
}

type Fail = (why: string) => never;

function readSide(value: unknown, side: string, fail: Fail): PlannedSide {
  if (!isPlainObject(value)) return fail(`expected an object at ${side}`);
  const { path, files } = value;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) return fail(`expected a path at ${side}.path`);
  if (!Array.isArray(files)) return fail(`expected a list at ${side}.files`);
  return {
    path,
    files: files.map((file, index) => readFile(file, `${side}.files[${index}]`, fail)),
    tensors: readHash(value['tensors_blake3'], `${side}.tensors_blake3`, fail),
    configuration: readHash(value['configuration_sha256'], `${side}.configuration_sha256`, fail),
  };
}

function readFile(value: unknown, at: string, fail: Fail): PlannedFile {
  if (!isPlainObject(value)) return fail(`expected an object at ${at}`);
  const { name, bytes, modified_ms: modified, version } = value;
  if (typeof name !== 'string') return fail(`expected a text at ${at}.name`);
  if (!isCount(bytes)) return fail(`expected a count at ${at}.bytes`);
  if (modified !== null && !isCount(modified)) return fail(`expected a count or null at ${at}.modified_ms`);
  if (version !== null && typeof version !== 'string') return fail(`expected a text or null at ${at}.version`);
  return { name, bytes, modified, version };
}

function readPlanned(value: unknown, fail: Fail): PartsPlan['options'] {
  if (!isPlainObject(value)) return fail('expected an object at options');
  const options = readOptions(value);
  try {
    checkOptions(options, PLANNED_OPTIONS, 'options');
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  return options;
}

function readParts(value: unknown, fail: Fail): PlannedPart[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_PARTS)
    return fail(`expected a list of 1 to ${MOST_PARTS} parts`);
  let before = 0;
  return value.map((part: unknown, index) => {
    const { end, bytes } = isPlainObject(part) ? part : {};
    if (!isCount(end) || end < before || !isCount(bytes)) return fail(`expected a range of units at parts[${index}]`);
    before = end;
    return { end, bytes };
  });
}

function readHash(value: unknown, at: string, fail: Fail): string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : fail(`expected 64 hexadecimal digits at ${at}`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
