import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT, run } from './cli.ts';

test('doctor says what it finds', async (t) => {
  const { code, stdout, stderr } = await run(['doctor']);
  t.deepEqual([code, stderr], [0, '']);
  for (const line of [
    /^model-diff +\d+\.\d+\.\d+$/m,
    new RegExp(`^platform +${process.platform} ${process.arch}`, 'm'),
    new RegExp(`^Node +${process.versions.node}$`, 'm'),
    /^npm +(?:\d+\.\d+|not found)/m,
    /^add-on +loads$/m,
    /^ +\.\/model-diff\.\S+\.node {2}\S+dist/m,
    /^ +@model-diff\/binding-\S+ {2}not found$/m,
    /^arithmetic +(?:portable|avx2|avx512|neon)$/m,
    /^cores +\d+$/m,
    /^memory +[\d.]+ GB, [\d.]+ [GM]B free$/m,
    /^temporary +\S+, [\d.]+ [TGM]B free$/m,
    /^hub cache +\S+/m,
  ])
    t.regex(stdout, line);
});

test('doctor --json is the same, without secrets', async (t) => {
  const env = {
    HF_TOKEN: 'hf_secret',
    HF_HUB_CACHE: '/cache',
    MODEL_DIFF_ISA: 'portable',
    npm_config_user_agent: 'npm/10.9.2 node/v20',
  };
  const { code, stdout } = await run(['doctor', '--json'], { env });
  const report = JSON.parse(stdout) as Record<string, unknown>;
  t.is(code, 0);
  t.is(report['ok'], true);
  t.is(report['npm'], '10.9.2');
  t.is(report['instruction_set'], 'portable');
  t.deepEqual(report['hub_cache'], { path: '/cache', exists: false });
  t.deepEqual(report['environment'], { MODEL_DIFF_ISA: 'portable', HF_HUB_CACHE: '/cache' });
  t.false(stdout.includes('secret'));
});

test('doctor ends with 2 and what to do where the add-on does not load', async (t) => {
  const broken = join(ROOT, 'package.json');
  const env = { MODEL_DIFF_NATIVE: broken.replace(/json$/, 'node') };
  const { code, stdout, stderr } = await run(['doctor'], { env });
  t.is(code, 2);
  t.regex(stdout, /^add-on +does not load\n +\S+package\.node {2}not found$/m);
  t.regex(stdout, /^arithmetic +unknown$/m);
  t.regex(
    stderr,
    /^error\[E_NATIVE_LOAD\]: the add-on that MODEL_DIFF_NATIVE names is not there \(\S+package\.node\)\nhint: MODEL_DIFF_NATIVE must/,
  );
  const json = await run(['doctor', '--json'], { env });
  t.is(json.code, 2);
  t.like(JSON.parse(json.stdout), { ok: false, addon: { loads: false }, instruction_set: null, hub_cache: null });
});

test('schema prints every schema of the package', async (t) => {
  const files = readdirSync(join(ROOT, 'schema'));
  t.true(files.includes('report.schema.json'));
  for (const file of files) {
    const { code, stdout, stderr } = await run(['schema', file.replace('.schema.json', '')]);
    t.deepEqual([code, stderr], [0, '']);
    t.is(stdout, readFileSync(join(ROOT, 'schema', file), 'utf8'));
  }
  t.is((await run(['schema'])).stdout, (await run(['schema', 'report'])).stdout);
  const wrong = await run(['schema', 'repor']);
  t.deepEqual([wrong.code, wrong.stdout], [2, '']);
  t.regex(
    wrong.stderr,
    /^error\[E_ARGUMENT\]: there is no schema called "repor": expected .*report.*\nhint: did you mean report\?\n$/,
  );
  t.is((await run(['schema', '../package'])).code, 2);
});
