/** 100,000 tensors: files stay small, the program answers while it writes, and what is interrupted leaves nothing behind. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findSchemaErrors } from '../report/schema.ts';
import { makeFolder, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

const COUNT = 100_000;
const saved = join(folder.path, 'saved.json');
const monitor = join(folder.path, 'monitor.mjs');
const [old, next] = ['old', 'new'].map((name) => join(folder.path, `${name}.safetensors`)) as [string, string];

test.before(async () => {
  for (const [path, shift] of [
    [old, 0],
    [next, 0.01],
  ] as const) {
    const tensors = Array.from({ length: COUNT }, (_, index) => {
      const [layer, expert] = [Math.floor(index / 128), index % 128];
      const name = expert === 0 ? 'input_layernorm' : `mlp.experts.${expert}.up_proj`;
      const base = (index % 13) + 1;
      const moved = index % 7 === 0 ? 0 : shift * ((index % 31) + 1);
      return { name: `model.layers.${layer}.${name}.weight`, shape: [2, 2], values: [base, 2 * base + moved, 3 * base, moved] };
    });
    writeSafetensors(path, tensors);
  }
  // Tells how long the program worked without answering while stdout was written to, in milliseconds of processor time: other work on
  // the machine counts little.
  writeFileSync(
    monitor,
    `let last;
    let longest = 0;
    const look = () => {
      const { user, system } = process.cpuUsage(last);
      last = process.cpuUsage();
      longest = Math.max(longest, (user + system) / 1000);
    };
    const write = process.stdout.write;
    process.stdout.write = function (...args) {
      if (last === undefined) {
        last = process.cpuUsage();
        setInterval(look, 1).unref();
      }
      return write.apply(this, args);
    };
    process.on('exit', () => process.stderr.write('longest ' + longest + '\\n'));`,
  );
  const { code, stderr } = await run([old, next, '-q', '-o', saved]);
  if (code !== 0) throw new Error(stderr);
});

test.serial('the JSON has less than 70 MB, and every tensor', (t) => {
  const { size } = statSync(saved);
  t.log(`${(size / 1e6).toFixed(1)} MB`);
  t.true(size < 70e6);
  const report = JSON.parse(readFileSync(saved, 'utf8')) as { columns: { names: string[] } };
  t.is(report.columns.names.length, COUNT);
  t.is(findSchemaErrors(report), null);
});

for (const format of ['json', 'jsonl', 'csv'] as const) {
  test.serial(`the program answers while it writes ${format}`, async (t) => {
    const { code, stdout, stderr } = await run(['report', saved, '-f', format], { env: { NODE_OPTIONS: `--import=${monitor}` } });
    t.is(code, 0, stderr);
    if (format !== 'json') t.is(stdout.match(/\n/g)?.length, COUNT + 1);
    const longest = Number(/longest ([\d.]+)/.exec(stderr)?.[1]);
    t.log(`${longest.toFixed(0)} ms of work at most between two answers`);
    // In one piece it would be seconds.
    t.true(longest > 0 && longest < 200, String(longest));
  });
}

for (const [title, args] of [
  ['of two checkpoints', [old, next]],
  ['of a saved report', ['report', saved]],
] as const) {
  test.serial(`Ctrl-C while a report ${title} is written leaves nothing behind`, async (t) => {
    const out = join(folder.path, 'out.jsonl');
    let asked = 0;
    const isBegun = (): boolean => readdirSync(folder.path).some((name) => name.endsWith('.tmp'));
    const watcher: { stop?: NodeJS.Timeout } = {};
    const ended = await run([...args, '-o', out], {
      onStart: (kill) => {
        watcher.stop = setInterval(() => {
          if (!isBegun()) return;
          clearInterval(watcher.stop);
          asked = performance.now();
          kill('SIGINT');
        }, 5);
      },
    });
    clearInterval(watcher.stop);
    const took = performance.now() - asked;
    t.log(`${took.toFixed(0)} ms`);
    t.true(asked > 0);
    t.deepEqual([ended.signal, ended.stdout], ['SIGINT', '']);
    t.regex(ended.stderr, /cancelled at \d+%, nothing written\n$/);
    t.true(took < 2000, String(took));
    t.false(existsSync(out) || isBegun());
  });
}

test.serial('Ctrl-C while stdout is written ends the program there', async (t) => {
  let isSent = false;
  const { signal, stdout, stderr } = await run(['report', saved, '-f', 'jsonl'], {
    onStdout: (kill) => {
      if (isSent) return;
      isSent = true;
      kill('SIGINT');
    },
  });
  t.is(signal, 'SIGINT');
  t.is(stderr, '');
  t.true(stdout.length > 0 && (stdout.match(/\n/g)?.length ?? 0) < COUNT);
});
