import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { ROOT, run } from './cli.ts';
import { base, folder, grown, half, NEW, tuned, type Saved } from './rule-files.ts';
import { writeSafetensors } from './safetensors.ts';

test.after.always(folder.remove);

const published = JSON.parse(readFileSync(join(ROOT, 'schema', 'config.schema.json'), 'utf8')) as object;
const fits = new Ajv2020({ strict: true }).compile(published);

/** A working directory with a configuration. */
function configure(name: string, config: unknown): string {
  const path = join(folder.path, name);
  mkdirSync(path);
  writeFileSync(join(path, 'model-diff.config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}

test('the configuration of the working directory is used and said; flags add rules and replace options', async (t) => {
  const config = {
    $schema: 'node_modules/model-diff/schema/config.schema.json',
    fail_on: ['change>200%'],
    threshold: 0.5,
    exclude: ['norm.*'],
  };
  t.true(fits(config), JSON.stringify(fits.errors));
  const cwd = configure('used', config);
  const used = await run([base, tuned, '--json'], { cwd });
  t.regex(used.stderr, /^Using model-diff\.config\.json\.\n/);
  const saved = JSON.parse(used.stdout) as Saved & { options: { change_threshold: number; exclude: string[] } };
  t.deepEqual(
    [used.code, saved.rules[0]?.tensors, saved.options.change_threshold, saved.options.exclude],
    [0, 3, 0.5, ['norm.*']],
  );
  const flags = await run([base, tuned, '--json', '--threshold', '0.1', '--exclude', 'block.*', '--fail-on', 'nan'], { cwd });
  const other = JSON.parse(flags.stdout) as typeof saved;
  t.deepEqual(
    [other.rules.map(({ rule }) => rule), other.rules[0]?.tensors, other.options.change_threshold],
    [['change>200%', 'nan'], 1, 0.1],
  );
  const without = await run([base, tuned, '--json', '--no-config'], { cwd });
  t.false('rules' in (JSON.parse(without.stdout) as object));
  t.notRegex(without.stderr, /Using/);
  t.is((await run([base, tuned, '-q'], { cwd })).stderr, 'Using model-diff.config.json.\n', 'a gate that is in force is said');
  const named = configure('named', { fail_on: ['change>1%'] });
  const elsewhere = await run([base, tuned, '-q', '--config', join(named, 'model-diff.config.json')], { cwd });
  t.is(elsewhere.code, 1);
});

test('a configuration in the folder of a checkpoint is never used', async (t) => {
  const checkpoint = configure('checkpoint', { fail_on: ['change>1%'] });
  writeSafetensors(join(checkpoint, 'model.safetensors'), NEW);
  const fromOutside = await run([base, checkpoint], { cwd: folder.path });
  t.is(fromOutside.code, 0);
  t.notRegex(fromOutside.stderr, /config/);
  const fromInside = await run([base, '.'], { cwd: checkpoint });
  t.is(fromInside.code, 0);
  const note = (input: string): string =>
    `note: model-diff.config.json is not used, for this is the folder of the checkpoint ${input}; --config model-diff.config.json uses it`;
  t.true(fromInside.stderr.startsWith(note('.')), fromInside.stderr);
  const part = join(checkpoint, 'unet');
  mkdirSync(part);
  writeFileSync(join(part, 'model-diff.config.json'), readFileSync(join(checkpoint, 'model-diff.config.json')));
  const linked = join(folder.path, 'linked.safetensors');
  symlinkSync(join(checkpoint, 'model.safetensors'), linked);
  for (const [cwd, input] of [
    [checkpoint, 'model.safetensors'],
    [checkpoint, join(checkpoint, 'model.safetensors')],
    [checkpoint, linked],
    [part, '..'],
  ] as const) {
    const { code, stderr } = await run([base, input, '-q'], { cwd });
    t.is(code, 0, input);
    t.true(stderr.startsWith(note(input)), stderr);
    t.is((await run([base, input, '-q', '--no-config'], { cwd })).stderr, '');
  }
  t.is((await run([base, '.', '--config', 'model-diff.config.json'], { cwd: checkpoint })).code, 1);
});

test('expectations pass and fail', async (t) => {
  const expectations = [
    [{ may: { add: ['head.*'] } }, base, grown, 0, '1 added'],
    [{ may: { add: [] } }, base, grown, 1, '1 added, 1 of them not expected'],
    [{ may: { add: ['nope*'] } }, base, tuned, 0, '0 added'],
    [{ may: { remove: ['head.*'] } }, grown, base, 0, '1 removed'],
    [{ may: { remove: ['block.*'] } }, grown, base, 1, '1 removed, 1 of them not expected'],
    [{ may: { change: ['block.*', 'norm.*'] } }, base, tuned, 0, '3 changed'],
    [{ may: { change: ['block.*'] } }, base, tuned, 1, '3 changed, 1 of them not expected'],
    [{ may: { change: ['norm.*'] } }, base, half, 1, '1 changed, 1 of them not expected'],
    [{ identical: ['*.same'] }, base, tuned, 0, '1 tensor, all identical'],
    [{ identical: ['block.*'] }, base, tuned, 1, '3 tensors, 2 not identical'],
    [{ identical: ['head.*'] }, grown, base, 1, '1 tensor, 1 not identical'],
    [{ identical: ['nope*'] }, base, tuned, 2, 'the pattern matches no tensor'],
  ] as const;
  for (const [index, [expect, old, next, status, message]] of expectations.entries()) {
    t.true(fits({ expect }), JSON.stringify(fits.errors));
    const { code, stdout } = await run([old, next, '--json'], { cwd: configure(`expect-${index}`, { expect }) });
    t.deepEqual([code, (JSON.parse(stdout) as Saved).rules[0]?.message], [status, message], JSON.stringify(expect));
  }
});

test('what a configuration must not hold is refused with the place', async (t) => {
  for (const [index, [config, message]] of (
    [
      [{ fail_onn: [] }, /there is no key "fail_onn"\nhint: did you mean fail_on\?/],
      [{ failOn: [] }, /there is no key "failOn"\nhint: did you mean fail_on\?/],
      [{ expect: { may: { ad: [] } } }, /there is no key "ad" in expect\.may\nhint: did you mean add\?/],
      [{ fail_on: 'nan' }, /expected a list at fail_on, found "nan"/],
      [{ fail_on: ['nan', 1] }, /expected a string at fail_on\[1\], found 1/],
      [
        { fail_on: ['nan', 'chnage>1'] },
        /fail_on\[1\] "chnage>1": there is no rule or metric "chnage" \(character 1\)\nhint: did you mean change/,
      ],
      [{ precision: 'half' }, /expected "fast" or "double" at precision, found "half"/],
      [{ threshold: -1 }, /threshold must be a number from 0, not -1/],
      [{ rename: ['x'] }, /rename has the rule "x": expected REGEX=>REPLACEMENT/],
      [{ expect: { identical: ['a[b'] } }, /expect\.identical\[0\] has the pattern "a\[b" with an open bracket/],
      [[1], /expected an object, found \[1\]/],
      ['{"fail_on": [nan]}', /is not JSON: /],
      ['', /is not JSON: /],
      ['{"__proto__": {}}', /there is no key "__proto__"/],
    ] as const
  ).entries()) {
    if (typeof config !== 'string' && message.source.includes('no key')) t.false(fits(config));
    const { code, stdout, stderr } = await run(['nowhere', 'neither'], { cwd: configure(`bad-${index}`, config) });
    t.deepEqual([code, stdout], [2, ''], JSON.stringify(config));
    t.true(stderr.includes('error[E_ARGUMENT]: model-diff.config.json'), stderr);
    t.regex(stderr, message);
  }
  const absent = await run([base, tuned, '--config', 'nowhere.json'], { cwd: folder.path });
  t.deepEqual([absent.code, absent.stderr], [2, 'error[E_NOT_FOUND]: cannot read nowhere.json: no such file or directory\n']);
  const directory = await run([base, tuned, '--config', '.'], { cwd: folder.path });
  t.deepEqual([directory.code, directory.stderr], [2, 'error[E_ARGUMENT]: cannot read .: expected a file\n']);
});

test('an error about an option of the configuration names its key, one about a flag the flag', async (t) => {
  const cwd = configure('keys', { include: ['nope*'], exclude: ['norm*'] });
  const said = async (...flags: string[]): Promise<string> =>
    (await run([base, tuned, ...flags], { cwd })).stderr.split('\n')[1] ?? '';
  t.is(
    await said(),
    'error[E_ARGUMENT]: include of model-diff.config.json and exclude of model-diff.config.json leave no tensor to compare',
  );
  t.is(
    await said('--include', 'neither'),
    'error[E_ARGUMENT]: --include and exclude of model-diff.config.json leave no tensor to compare',
  );
});
