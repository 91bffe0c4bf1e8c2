/** What is written where, and what is never written over. */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { example, makeFolder, run } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const [onUnix, onWindows] = process.platform === 'win32' ? [test.skip, test] : [test, test.skip];

/** A checkpoint that may be destroyed. */
function copy(name: string): string {
  const path = join(folder.path, name);
  cpSync(example('sft'), path, { recursive: true });
  return path;
}

test('a closed stderr changes neither the status nor the files', async (t) => {
  const path = join(folder.path, 'closed');
  mkdirSync(path);
  const args = [example('base'), example('sft'), '--fail-on', 'change>0', '--progress', 'json', '-o', join(path, 'r.json')];
  const { code, stdout } = await run(args, { closeStderr: true });
  t.is(code, 1);
  t.regex(stdout, /^base → sft/);
  t.deepEqual(readdirSync(path), ['r.json']);
});

test('a closed stdout ends with the status that was decided', async (t) => {
  const path = join(folder.path, 'unread.json');
  const args = [example('base'), example('sft'), '--json', '--include-unchanged', '-o', path];
  t.is((await run(args, { closedStdout: true })).code, 0);
  t.is((await run([...args, '--fail-on', 'change>0'], { closedStdout: true })).code, 1);
  t.true(existsSync(path));
  t.is((await run(['schema'], { closedStdout: true })).code, 0);
  t.is((await run(['--help'], { closedStdout: true })).code, 0);
});

test('no file of a checkpoint is written over, whatever its name', async (t) => {
  const checkpoint = copy('whole');
  mkdirSync(join(checkpoint, 'unet'));
  const blob = join(folder.path, 'blob.json');
  writeFileSync(blob, '{"hidden_size": 1}');
  symlinkSync(blob, join(checkpoint, 'linked.json'));
  for (const name of ['tags.csv', 'LICENSE.txt', 'card.md', 'page.html', 'rows.jsonl', 'unet/config.json'])
    writeFileSync(join(checkpoint, name), 'theirs');
  const weights = join(checkpoint, 'model.safetensors');
  const before = readFileSync(weights);
  for (const input of [checkpoint, weights]) {
    for (const name of [
      'config.json',
      'tags.csv',
      'LICENSE.txt',
      'card.md',
      'page.html',
      'rows.jsonl',
      'linked.json',
      '../blob.json',
    ]) {
      const { code, stderr } = await run([example('base'), input, '-q', '-o', join(checkpoint, name)]);
      t.is(code, 2, name);
      t.regex(stderr, /belongs to the checkpoint .* and would be overwritten/);
    }
  }
  t.is((await run([example('base'), checkpoint, '-q', '-o', join(checkpoint, 'unet', 'config.json')])).code, 2);
  t.is(readFileSync(join(checkpoint, 'tags.csv'), 'utf8'), 'theirs');
  t.is(readFileSync(blob, 'utf8'), '{"hidden_size": 1}');
  const metrics = await run([example('base'), checkpoint, '-q', '--metrics-json', weights]);
  t.is(metrics.code, 2);
  t.regex(metrics.stderr, /--metrics-json .*model\.safetensors: expected a name that ends in \.json, or - for stdout/);
  const renamed = join(folder.path, 'weights.json');
  writeFileSync(renamed, before);
  t.is((await run([example('base'), renamed, '-q', '--metrics-json', renamed])).code, 2);
  t.deepEqual(readFileSync(renamed), before);
  t.deepEqual(readFileSync(weights), before);
});

test('the cache of the hub is a checkpoint too', async (t) => {
  const hub = join(folder.path, 'hub');
  const model = join(hub, 'models--org--name');
  const snapshot = join(model, 'snapshots', 'abc');
  mkdirSync(join(model, 'refs'), { recursive: true });
  mkdirSync(join(model, 'snapshots'));
  writeFileSync(join(model, 'refs', 'main'), 'abc');
  cpSync(example('sft'), snapshot, { recursive: true });
  mkdirSync(join(model, 'blobs'));
  const blob = join(model, 'blobs', '123');
  renameSync(join(snapshot, 'config.json'), blob);
  symlinkSync(blob, join(snapshot, 'config.json'));
  const before = readFileSync(blob, 'utf8');
  for (const input of ['hf://org/name', snapshot]) {
    const args = [example('base'), input, '-q', '-o', join(snapshot, 'config.json')];
    const { code, stderr } = await run(args, { env: { HF_HUB_CACHE: hub } });
    t.is(code, 2);
    t.regex(stderr, /belongs to the checkpoint/);
  }
  t.is(readFileSync(blob, 'utf8'), before);
});

test('what was written beside a checkpoint before may be replaced, in every format', async (t) => {
  const checkpoint = copy('own');
  const endings = ['json', 'jsonl', 'html', 'md', 'txt', 'csv'];
  const files = endings.flatMap((ending) => ['-o', join(checkpoint, `report.${ending}`)]);
  const flags = [...files, '--metrics-json', join(checkpoint, 'metrics.json'), '-q'];
  for (const args of [
    [example('base'), checkpoint],
    [example('base'), checkpoint, '--no-provenance', '--ascii'],
    [checkpoint, checkpoint],
    ['series', example('base'), checkpoint],
    ['series', example('base'), checkpoint, example('base'), '--no-provenance', '--ascii'],
    ['series', example('base'), join(checkpoint, 'model.safetensors')],
    [example('base'), checkpoint, '--include', '*norm*'],
  ]) {
    const { code, stderr } = await run([...args, ...flags]);
    t.is(code, 0, stderr);
  }
});

test('a path that leads nowhere is an error of the path', async (t) => {
  const file = join(example('base'), 'model.safetensors');
  const long = 'n'.repeat(300);
  for (const input of [join(file, 'k'), long]) {
    const { code, stderr } = await run([input, file, '-q', '-o', join(folder.path, 'nowhere.json')]);
    t.is(code, 2);
    t.notRegex(stderr, /E_INTERNAL|bug/);
  }
  const output = await run([file, file, '-q', '-o', join(folder.path, `${long}.json`)]);
  // Windows says of such a name only that there is none.
  const reason =
    process.platform === 'win32'
      ? String.raw`E_\w+\]: cannot write .*: .+`
      : String.raw`E_IO\]: cannot write .*: the name is too long`;
  t.regex(output.stderr, new RegExp(`^error\\[${reason}\\n`));
});

test('names of any length and letters', async (t) => {
  const path = join(folder.path, `${'模'.repeat(83)}.md`);
  const { code, stderr } = await run([example('base'), example('sft'), '-q', '-o', path]);
  t.is(code, 0, stderr);
  t.true(existsSync(path));
});

onUnix('a file that cannot be put in place is said with those that were', async (t) => {
  const place = join(folder.path, 'place');
  mkdirSync(place);
  const [first, second] = ['a.json', 'b.md'].map((name) => join(place, name)) as [string, string];
  const args = [example('base'), example('sft'), '--progress', 'json', '-o', first, '-o', second];
  const { code, stderr } = await run(args, {
    // The places were looked at by now.
    onStderr: (_, kill) => {
      kill('SIGSTOP');
      mkdirSync(join(second, 'taken'), { recursive: true });
      kill('SIGCONT');
    },
  });
  t.is(code, 2);
  t.regex(stderr, /\nerror\[E_\w+\]: cannot write .*b\.md: .*\nhint: written before that: .*a\.json/);
  t.deepEqual(readdirSync(place).toSorted(), ['a.json', 'b.md']);
});

test('a web page changes nothing of the JSON beside it; the flag does', async (t) => {
  const path = (name: string): string => join(folder.path, name);
  const write = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await run([example('base'), example('sft'), '-q', '--no-provenance', ...args]);
    t.is(code, 0, stderr);
    return readFileSync(path('sizes.json'), 'utf8');
  };
  const json = ['-o', path('sizes.json')];
  const alone = await write(...json);
  t.is(await write(...json, '-o', path('sizes.html')), alone);
  t.is(await write(...json, '-f', 'html'), alone);

  const counted = await write(...json, '--histogram', '-o', path('sizes.html'));
  t.is(await write(...json, '--histogram'), counted);
  const columns = (text: string): Record<string, unknown> => (JSON.parse(text) as { columns: Record<string, unknown> }).columns;
  const { histogram, ...others } = columns(counted);
  t.like(histogram, { first_exponent: -32, bins: 40 });
  t.deepEqual(others, columns(alone));

  t.is((await run(['report', path('sizes.json'), '-q', '-o', path('copy.json')])).code, 0);
  t.is(readFileSync(path('copy.json'), 'utf8'), counted);
});

onWindows('a report that another program has open stays as it is', async (t) => {
  const path = join(folder.path, 'open');
  mkdirSync(path);
  const report = join(path, 'report.csv');
  writeFileSync(report, 'before');
  const file = openSync(report, 'r');
  const { code, stderr } = await run([example('base'), example('sft'), '-q', '-o', report]);
  closeSync(file);
  t.is(code, 2, stderr);
  t.regex(stderr, /cannot write .*report\.csv: .*another program/);
  t.is(readFileSync(report, 'utf8'), 'before');
  t.deepEqual(readdirSync(path), ['report.csv']);
});

onWindows('a device is no checkpoint', async (t) => {
  for (const name of ['NUL', 'CON', 'COM1']) {
    const { code, stderr } = await run(['inspect', name]);
    t.is(code, 2, name);
    t.regex(stderr, /not a regular file/, name);
  }
});
