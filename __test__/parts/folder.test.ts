/** The folder of a comparison in parts: what is done is not done again, and nothing that does not belong there gets into a report. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { analyze, Checkpoint, combineParts, comparePart, ModelDiffError, partsStatus, planParts, renderReport } from 'model-diff';
import { compareWhole } from '../helpers/parts.ts';
import { encodeFloats } from '../helpers/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-diff-parts-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

interface Place {
  readonly old: string;
  readonly new: string;
  readonly run: string;
  readonly plan: string;
  readonly part: (part: number) => string;
}

let places = 0;

/** Two checkpoints of six tensors, and a folder for a run of three parts. */
function place(): Place {
  const root = join(folder, String((places += 1)));
  mkdirSync(root);
  const write = (name: string, shift: number): string => {
    const tensors = new Map(['a', 'b', 'c', 'd', 'e', 'f'].map((tensor, at) => [`${tensor}.weight`, [at, at + shift, 2, 3]]));
    const path = join(root, `${name}.safetensors`);
    writeFileSync(path, encodeFloats(tensors));
    return path;
  };
  const run = join(root, 'run');
  return {
    old: write('old', 0),
    new: write('new', 0.5),
    run,
    plan: join(run, 'plan.json'),
    part: (part) => join(run, 'parts', `0000${part}-of-00003.mdp`),
  };
}

/** The same with its parts compared. */
async function placeCompared(parts: readonly number[] = [1, 2, 3]): Promise<Place> {
  const made = place();
  await planParts(made.old, made.new, made.run, { parts: 3 });
  for (const part of parts) await comparePart(made.run, part);
  return made;
}

async function refused(t: ExecutionContext, work: () => Promise<unknown>): Promise<ModelDiffError> {
  const error = await t.throwsAsync(work, { instanceOf: ModelDiffError });
  return error ?? t.fail();
}

/** A part with another header, and a checksum that fits. */
function forge(path: string, change: (header: Record<string, unknown>) => void): void {
  const file = readFileSync(path);
  const end = file.indexOf('\n');
  const header = JSON.parse(file.toString('utf8', 0, end)) as Record<string, unknown>;
  change(header);
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), file.subarray(end + 1, -40)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(body.length));
  const rest = Buffer.concat([body, length]);
  writeFileSync(path, Buffer.concat([rest, createHash('sha256').update(rest).digest()]));
}

test('a part that is there is not compared again, unless that is asked for', async (t) => {
  const made = await placeCompared();
  const before = statSync(made.part(2)).mtimeMs;
  t.true((await comparePart(made.run, 2)).wasComplete);
  t.is(statSync(made.part(2)).mtimeMs, before);
  const bytes = readFileSync(made.part(2));
  t.false((await comparePart(made.run, 2, { force: true })).wasComplete);
  t.not(statSync(made.part(2)).mtimeMs, before);
  t.deepEqual(readFileSync(made.part(2)), bytes, 'the same bytes again');
  t.deepEqual(readdirSync(join(made.run, 'parts')).length, 3, 'nothing temporary is left');
});

test('a part needs no plan that somebody made before, and all of them make the same', async (t) => {
  const made = place();
  const plan = { old: made.old, new: made.new, options: { parts: 3 } };
  await Promise.all([1, 2, 3].map((part) => comparePart(made.run, part, { plan })));
  t.is(
    renderReport(await combineParts(made.run, { provenance: false }), { format: 'json' }),
    await compareWhole(made.old, made.new),
  );
});

test('a file that was touched or changed after planning ends parts and their report', async (t) => {
  for (const side of ['old', 'new'] as const) {
    const made = await placeCompared([1, 2]);
    utimesSync(made[side], new Date(), new Date(Date.now() + 5));
    const inPart = await refused(t, () => comparePart(made.run, 3));
    t.is(inPart.code, 'E_PLAN_MISMATCH');
    t.regex(inPart.message, new RegExp(String.raw`${side}\.safetensors of the ${side} checkpoint was modified at 20\d\d-`));
    t.is((await refused(t, () => comparePart(made.run, 1))).code, 'E_PLAN_MISMATCH', 'of one that is complete too');
    const inReport = await refused(t, () => combineParts(made.run, { allowPartial: true }));
    t.is(inReport.code, 'E_PLAN_MISMATCH');
    writeFileSync(made[side], encodeFloats(new Map([['a.weight', [1]]])));
    t.regex(
      (await refused(t, () => comparePart(made.run, 3))).message,
      /safetensors of the \w+ checkpoint has \d+ bytes, and had \d+/,
    );
  }
});

test('a copy of a checkpoint fits where it kept its times', async (t) => {
  const made = place();
  // Whole seconds, which every copy keeps.
  for (const side of ['old', 'new'] as const) utimesSync(made[side], 1_700_000_000, 1_700_000_000);
  await planParts(made.old, made.new, made.run, { parts: 3 });
  for (const part of [1, 2]) await comparePart(made.run, part);
  const copies = { old: join(folder, 'copy/old.safetensors'), new: join(folder, 'copy/new.safetensors') };
  mkdirSync(join(folder, 'copy'));
  for (const side of ['old', 'new'] as const) cpSync(made[side], copies[side], { preserveTimestamps: true });
  const plan = { ...copies, options: { parts: 3 } };
  t.false((await comparePart(made.run, 3, { plan })).wasComplete);
  t.is((await combineParts(made.run, copies)).summary.comparedTensors, 6);
  utimesSync(copies.new, 1, 1);
  t.is((await refused(t, () => comparePart(made.run, 3, { plan, force: true }))).code, 'E_PLAN_MISMATCH');
});

test('configuration that was changed after planning ends parts, and so does that of an adapter', async (t) => {
  const root = join(folder, String((places += 1)));
  const [base, adapter, run] = ['base', 'adapter', 'run'].map((name) => join(root, name)) as [string, string, string];
  cpSync(fixture('adapters/base/f32'), base, { recursive: true });
  cpSync(fixture('adapters/plain/adapter'), adapter, { recursive: true });
  writeFileSync(join(base, 'config.json'), '{"model_type":"llama","hidden_size":8}');
  await planParts(base, base, run, { parts: 2, new: { adapter } });
  await comparePart(run, 1);
  // The scale of the adapter: what its weights stand for is another change then, though no file of weights was touched.
  const settings = join(adapter, 'adapter_config.json');
  const before = readFileSync(settings, 'utf8');
  writeFileSync(settings, before.replace(/"lora_alpha": \d+/, '"lora_alpha": 64'));
  const scaled = await refused(t, () => comparePart(run, 2));
  t.is(scaled.code, 'E_PLAN_MISMATCH');
  t.regex(scaled.message, /the tensors of the new checkpoint are described differently/);
  writeFileSync(settings, before);
  t.false((await comparePart(run, 2)).wasComplete);
  writeFileSync(join(base, 'config.json'), '{"model_type":"llama","hidden_size":16}');
  const configured = await refused(t, () => combineParts(run));
  t.is(configured.code, 'E_PLAN_MISMATCH');
  t.regex(
    configured.message,
    /the configuration of the old checkpoint is another; the configuration of the new checkpoint is another/,
  );
  t.is(configured.hint, 'plan again in another folder');
});

test('inputs that lie elsewhere now are found where they are said to be, adapters too', async (t) => {
  const root = join(folder, String((places += 1)));
  const [base, adapter, run] = ['base', 'adapter', 'run'].map((name) => join(root, name)) as [string, string, string];
  const copy = { recursive: true, preserveTimestamps: true };
  cpSync(fixture('adapters/base/f32'), base, copy);
  cpSync(fixture('adapters/plain/adapter'), adapter, copy);
  await planParts(base, base, run, { parts: 2, changeThreshold: 0.01, new: { adapter } });
  await comparePart(run, 1);
  const moved = { base: join(root, 'elsewhere/base'), adapter: join(root, 'elsewhere/adapter') };
  mkdirSync(join(root, 'elsewhere'));
  renameSync(base, moved.base);
  const gone = await refused(t, () => comparePart(run, 2));
  t.is(gone.hint, 'it lay there when it was planned; --old and --new say where it is now');
  renameSync(adapter, moved.adapter);
  const at = { old: moved.base, new: moved.base };
  for (const work of [() => comparePart(run, 2, at), () => combineParts(run, { ...at, allowPartial: true })]) {
    const error = await refused(t, work);
    t.is(error.code, 'E_NOT_FOUND');
    t.is(error.hint, 'it lay there when it was planned; --adapter-new says where it is now');
  }
  const inputs = { ...at, newAdapter: moved.adapter };
  t.false((await comparePart(run, 2, inputs)).wasComplete);
  t.is(
    renderReport(await combineParts(run, { ...inputs, provenance: false }), { format: 'json' }),
    await compareWhole(at.old, at.new, { changeThreshold: 0.01, new: { adapter: moved.adapter } }),
  );
  const none = await refused(t, () => combineParts(run, { ...at, oldAdapter: moved.adapter }));
  t.is(none.code, 'E_ARGUMENT');
  t.is(none.message, 'the plan merges no adapter into the old checkpoint');
  const other = await refused(t, () => combineParts(run, { ...at, newAdapter: fixture('adapters/dora/adapter') }));
  t.is(other.code, 'E_PLAN_MISMATCH');
  const plan = { ...at, options: { parts: 2 } };
  t.is((await refused(t, () => comparePart(run, 2, { plan, old: at.old }))).message, 'old and plan both say where inputs lie');
});

test('a plan that would compare nothing is not made', async (t) => {
  const made = place();
  const root = join(made.run, '..');
  const write = (name: string, names: readonly string[]): string => {
    const path = join(root, `${name}.safetensors`);
    writeFileSync(path, encodeFloats(new Map(names.map((tensor) => [tensor, [1, 2]]))));
    return path;
  };
  const other = write('other', ['conv.kernel']);
  const plan = { old: made.old, new: other, options: { parts: 1 } };
  for (const work of [() => planParts(made.old, other, made.run, { parts: 1 }), () => comparePart(made.run, 1, { plan })]) {
    const error = await refused(t, work);
    t.is(error.code, 'E_NO_COMMON_TENSORS');
    t.is(
      error.message,
      'no tensor in common: the old checkpoint has a.weight, b.weight, c.weight, … (6 tensors); the new one has conv.kernel',
    );
  }
  const empty = await refused(t, () => planParts(made.old, write('empty', []), made.run, { parts: 1 }));
  t.is(empty.code, 'E_NO_TENSORS');
  t.is(empty.message, 'nothing to compare: the new checkpoint holds no tensor (empty.safetensors)');
  t.false(existsSync(made.run));
  await planParts(made.old, made.new, made.run, { parts: 1 });
  t.is((await refused(t, () => comparePart(made.run, 1, { plan }))).code, 'E_PLAN_MISMATCH', 'beside another plan');
});

test('other options and another number of parts are not the plan, and are named', async (t) => {
  const made = await placeCompared([]);
  const with_ = (options: object): Promise<unknown> => planParts(made.old, made.new, made.run, { parts: 3, ...options });
  await t.notThrowsAsync(with_({ precision: 'fast', autoPrefix: true, include: [] }), 'defaults that are written out');
  for (const [options, words] of [
    [{ parts: 4 }, /planned 3 parts, not 4/],
    [{ changeThreshold: 0.1 }, /its default for the option changeThreshold, not 0\.1/],
    [{ precision: 'double' }, /precision, not "double"/],
    [{ histogram: 'exact' }, /histogram/],
    [{ include: ['a*'] }, /the option include, not \["a\*"\]/],
    [{ old: { rename: ['^x=>y'] } }, /the option old\.rename/],
    [{ limits: { tensors: 50 } }, /limits/],
  ] as const) {
    const error = await refused(t, () => with_(options));
    t.is(error.code, 'E_PLAN_MISMATCH');
    t.regex(error.message, words);
  }
  const swapped = await refused(t, () => planParts(made.new, made.old, made.run, { parts: 3 }));
  t.regex(swapped.message, /old\.safetensors of the old checkpoint is gone/);
});

test('every bit of a part counts', async (t) => {
  const made = await placeCompared();
  const whole = readFileSync(made.part(2));
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(made.part(2), changed);
    const { parts } = await partsStatus(made.run);
    if (parts[1]?.state !== 'damaged') return t.fail(`byte ${at}`);
  }
  const error = await refused(t, () => combineParts(made.run));
  t.is(error.code, 'E_INVALID_PART');
  t.regex(error.message, /unusable 2 \(part 2: damaged or cut short: its checksum is another\)/);
  t.false((await comparePart(made.run, 2)).wasComplete, 'it is compared again, without a word');
  t.deepEqual(readFileSync(made.part(2)), whole);
});

test('parts that are missing, cut short or not what their names say are listed', async (t) => {
  const made = await placeCompared();
  rmSync(made.part(1));
  truncateSync(made.part(3), 100);
  const error = await refused(t, () => combineParts(made.run));
  t.is(error.code, 'E_INVALID_PART');
  t.regex(error.message, /2 of 3 parts cannot be combined: missing 1, unusable 3 \(part 3: /);
  t.regex(error.hint ?? '', /for each of 1,3 run: model-diff --shard 1 --run-dir /);
  await comparePart(made.run, 3);
  t.is((await refused(t, () => combineParts(made.run))).code, 'E_MISSING_PART');
  copyFileSync(made.part(2), made.part(1));
  t.regex((await refused(t, () => combineParts(made.run))).message, /part 1: it holds part 2 of 3/);
  writeFileSync(made.part(1), '');
  t.regex((await refused(t, () => combineParts(made.run))).message, /part 1: cut short: it has 0 bytes/);
  rmSync(made.part(1));
  mkdirSync(made.part(1));
  t.regex((await refused(t, () => combineParts(made.run))).message, /part 1: .*expected a file/);
});

test('parts of other plans and versions are named, and never overwritten unasked', async (t) => {
  const made = await placeCompared();
  for (const [change, words] of [
    [{ plan_hash: 'f'.repeat(64) }, /of another plan/],
    [{ version: '9.9.9' }, /written by model-diff "9\.9\.9"/],
    [{ format_version: 2 }, /of version 2 of the format/],
    [{ of: 4 }, /it holds part 2 of 4/],
  ] as const) {
    await comparePart(made.run, 2, { force: true });
    forge(made.part(2), (header) => Object.assign(header, change));
    const error = await refused(t, () => combineParts(made.run));
    t.is(error.code, 'E_INVALID_PART');
    t.regex(error.message, words);
    if (!('plan_hash' in change)) continue;
    const kept = readFileSync(made.part(2));
    t.is((await refused(t, () => comparePart(made.run, 2))).code, 'E_PLAN_MISMATCH');
    t.deepEqual(readFileSync(made.part(2)), kept);
    t.false((await comparePart(made.run, 2, { force: true })).wasComplete);
  }
});

test('a part whose checksum fits, with numbers that cannot be, is refused', async (t) => {
  const made = await placeCompared();
  const file = readFileSync(made.part(1));
  const start = file.indexOf('\n') + 1;
  // Elements of the first tensor: behind version, range and two flags.
  file.writeBigUInt64LE(2n ** 63n, start + 4 + 16 + 2);
  writeFileSync(made.part(1), file);
  forge(made.part(1), () => undefined);
  const error = await refused(t, () => combineParts(made.run));
  t.is(error.code, 'E_INVALID_PART');
  t.regex(error.message, /part does not hold what it should \(tensor a\.weight, entry part 1\)/);
});

test('files among the parts that belong to none', async (t) => {
  const made = await placeCompared();
  copyFileSync(made.part(2), join(made.run, 'parts/00002-of-00003 (1).mdp'));
  copyFileSync(made.part(2), join(made.run, 'parts/00002-of-00004.mdp'));
  writeFileSync(join(made.run, 'parts/notes.txt'), 'x');
  writeFileSync(join(made.run, 'parts/.tmp-host-1'), 'half a part');
  const { foreign } = await partsStatus(made.run);
  t.deepEqual(
    foreign.map(({ path, reason }) => [basename(path), reason]),
    [
      ['00002-of-00003 (1).mdp', 'a second copy of part 2'],
      ['00002-of-00004.mdp', 'a second copy of part 2'],
      ['notes.txt', 'it is not a part'],
    ],
  );
  const error = await refused(t, () => combineParts(made.run));
  t.regex(error.message, /00002-of-00003 \(1\)\.mdp does not belong to this run: a second copy of part 2/);
});

test('with allowPartial every form of the report begins with what is missing', async (t) => {
  const made = await placeCompared([1, 3]);
  const comparison = await combineParts(made.run, { allowPartial: true, provenance: false });
  t.deepEqual(comparison.summary.partial, { parts: 3, missingParts: [2], bytes: 192, missingBytes: 64 });
  t.is(comparison.summary.failedTensors, 2);
  const missing = comparison.rows({ unchanged: true }).filter(({ error }) => error !== null);
  t.deepEqual(
    missing.map(({ name, error }) => [name, error]),
    ['c.weight', 'd.weight'].map((name) => [name, 'not compared: part 2 of 3 is missing']),
  );
  const banner = 'INCOMPLETE: 1 of 3 parts is missing, 33% of the bytes were not compared.';
  t.true(analyze(comparison).summary.verdict.startsWith(banner));
  t.regex(analyze(comparison).summary.verdict, /could be compared: parts are missing/);
  for (const format of ['text', 'html', 'markdown', 'json', 'jsonl', 'github'] as const)
    t.true(renderReport(comparison, { format }).includes('INCOMPLETE: 1 of 3 parts is missing'), format);
  t.true(renderReport(comparison, { format: 'csv' }).includes('part 2 of 3 is missing'));
  await comparePart(made.run, 2);
  const whole = await combineParts(made.run, { allowPartial: true, provenance: false });
  t.is(renderReport(whole, { format: 'json' }), await compareWhole(made.old, made.new), 'nothing is missing any more');
});

test('a plan that was changed by hand, or made to harm, is refused', async (t) => {
  const made = await placeCompared([]);
  const plan = JSON.parse(readFileSync(made.plan, 'utf8')) as Record<string, unknown>;
  const huge = '9'.repeat(400);
  for (const [change, words] of [
    [{ options: { changeThreshold: 3 } }, /no option|plan_hash/],
    [{ options: { change_threshold: 3 } }, /plan_hash does not belong to it/],
    [{ options: { change_threshold: 'x' } }, /must be a number/],
    [{ options: { constructor: 1, __proto__: 2 } }, /has no option/],
    [{ schema_version: 2 }, /expected schema_version 1/],
    [{ parts: { length: 1e9 } }, /expected a list of 1 to 99999 parts/],
    [{ parts: [] }, /expected a list of 1 to 99999 parts/],
    [{ parts: [{ end: 1e300, bytes: 1 }] }, /expected a range of units at parts\[0\]/],
    [
      {
        parts: [
          { end: 5, bytes: 1 },
          { end: 4, bytes: 1 },
        ],
      },
      /expected a range of units at parts\[1\]/,
    ],
    [{ parts: [{ end: 2 ** 52, bytes: 2 ** 52 }] }, /plan_hash/],
    [{ old: { path: '\0', files: [] } }, /expected a path at old\.path/],
    [{ old: { path: '../../etc', files: [{ name: '../../x', bytes: -1 }] } }, /expected a count at old\.files\[0\]\.bytes/],
    [{ new: [] }, /expected an object at new/],
    [{ items_sha256: 'x' }, /expected 64 hexadecimal digits at items_sha256/],
    [{ version: 1 }, /expected the version/],
  ] as const) {
    writeFileSync(made.plan, JSON.stringify({ ...plan, ...change }));
    for (const work of [() => comparePart(made.run, 1), () => combineParts(made.run), () => partsStatus(made.run)]) {
      const error = await refused(t, work);
      t.is(error.code, 'E_INVALID_PLAN', JSON.stringify(change));
      t.regex(error.message, words);
    }
  }
  for (const text of ['', '[', `{"a":${huge}`, '[]', 'null', '['.repeat(1e6)]) {
    writeFileSync(made.plan, text);
    t.is((await refused(t, () => partsStatus(made.run))).code, 'E_INVALID_PLAN');
  }
  truncateSync(made.plan, 65 << 20);
  t.regex((await refused(t, () => partsStatus(made.run))).message, /expected at most 67108864 bytes/);
  t.deepEqual(readdirSync(made.run), ['plan.json'], 'nothing was written');
});

test('a plan leads to no other checkpoint than it was made for', async (t) => {
  const made = await placeCompared([]);
  const text = readFileSync(made.plan, 'utf8');
  writeFileSync(made.plan, text.replace(JSON.stringify(made.old), JSON.stringify(made.new)));
  t.is((await refused(t, () => comparePart(made.run, 1))).code, 'E_PLAN_MISMATCH');
  writeFileSync(made.plan, text.replace(JSON.stringify(made.old), '"/dev/zero"'));
  t.is((await refused(t, () => comparePart(made.run, 1))).code, 'E_ARGUMENT');
});

test('what lies in the place of a plan', async (t) => {
  const made = place();
  t.is((await refused(t, () => comparePart(made.run, 1))).code, 'E_NOT_FOUND');
  t.is((await refused(t, () => combineParts(made.run))).code, 'E_NOT_FOUND');
  mkdirSync(made.plan, { recursive: true });
  t.regex((await refused(t, () => partsStatus(made.run))).message, /expected a file/);
  rmSync(made.run, { recursive: true });
  writeFileSync(made.run, 'a file');
  t.is((await refused(t, () => planParts(made.old, made.new, made.run, { parts: 3 }))).kind, 'Io');
  rmSync(made.run);
  mkdirSync(`${made.run}-elsewhere`);
  symlinkSync(`${made.run}-elsewhere`, made.run);
  await planParts(made.old, made.new, made.run, { parts: 3 });
  t.true((await comparePart(made.run, 1)).path.endsWith('00001-of-00003.mdp'), 'by way of a link');
});

test('wrong calls', async (t) => {
  const made = await placeCompared([]);
  const memory = Checkpoint.fromTensors({ a: { data: new Float32Array(3), shape: [3] } });
  const calls: Record<string, () => Promise<unknown>> = {
    'the old side must be a path': () => planParts(memory as unknown as string, made.new, made.run, { parts: 3 }),
    'parts must be a whole number from 1 to 99999': () => planParts(made.old, made.new, made.run, { parts: 100_000 }),
    'planParts needs the number of parts': () => planParts(made.old, made.new, made.run, {} as { parts: number }),
    'planParts has no option "threads"': () =>
      planParts(made.old, made.new, made.run, { parts: 3, threads: 2 } as { parts: number }),
    'part must be a whole number from 1': () => comparePart(made.run, 0),
    'part 4 does not exist: the plan has 3': () => comparePart(made.run, 4),
    'combineParts has no option "precision"': () => combineParts(made.run, { precision: 'double' } as object),
    'the folder of the run must be a path': () => partsStatus(7 as unknown as string),
  };
  for (const [words, call] of Object.entries(calls)) {
    const error = await refused(t, call);
    t.is(error.kind, 'Argument');
    t.true(error.message.includes(words), error.message);
  }
});

test('an abort leaves nothing behind', async (t) => {
  const made = await placeCompared([]);
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  t.is(await t.throwsAsync(comparePart(made.run, 1, { signal })), reason);
  t.is(await t.throwsAsync(combineParts(made.run, { signal })), reason);
  t.deepEqual(readdirSync(made.run), ['plan.json']);
});
