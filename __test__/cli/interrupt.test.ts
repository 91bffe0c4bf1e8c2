import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeFolder, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

// Enough tensors for every step to take a while.
const MANY = 20_000;
const many = ['old', 'new'].map((name) => join(folder.path, name));
test.before(() => {
  for (const [side, path] of many.entries()) {
    const tensors = Array.from({ length: MANY }, (_, at) => ({
      name: `layers.${at}.up_proj.weight`,
      shape: [2, 2],
      values: [1, 2, 3, at + side],
    }));
    mkdirSync(path);
    writeSafetensors(join(path, 'model-00001-of-00001.safetensors'), tensors);
    const map = Object.fromEntries(tensors.map(({ name: tensor }) => [tensor, 'model-00001-of-00001.safetensors']));
    writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  }
});

/** Windows has no signals: a program that is sent one is ended at once. */
const [withSignals, beforeSignals] =
  process.platform === 'win32' ? [test.serial.skip, test.before.skip] : [test.serial, test.before];

// Holes in the files: 16 GiB to read that take no place, so that there is time to interrupt.
const large = ['one', 'two'].map((name) => join(folder.path, `${name}.safetensors`));
beforeSignals(() => {
  for (const path of large) writeSafetensors(path, [{ name: 'a.weight', shape: [1 << 21, 1 << 10] }]);
});

withSignals('Ctrl-C stops in the middle of a tensor, writes nothing, and the shell sees it', async (t) => {
  const out = join(folder.path, 'out.html');
  let sent = 0;
  const { code, signal, stdout, stderr } = await run([...large, '-o', out, '--progress', 'always'], {
    onStderr: (text, kill) => {
      if (sent === 0 && /comparing.*%/.test(text)) {
        sent = performance.now();
        kill('SIGINT');
      }
    },
  });
  t.deepEqual([code, signal, stdout], [null, 'SIGINT', '']);
  t.regex(stderr, /cancelled at \d+%, nothing written\n$/);
  t.true(performance.now() - sent < 5000);
  t.false(existsSync(out));
  t.deepEqual(
    readdirSync(folder.path).filter((name) => name.includes('tmp')),
    [],
  );
});

withSignals('progress by bytes is drawn over one line', async (t) => {
  let interrupted = false;
  const { stderr } = await run([...large, '--progress', 'always'], {
    onStderr: (text, kill) => {
      if (!interrupted && (text.match(/comparing/g) ?? []).length > 3) {
        interrupted = true;
        kill('SIGINT');
      }
    },
  });
  t.regex(stderr, /\r\u001b\[2Kcomparing [━╸─]+ +\d+% [\d.]+( [kMG]?B)?\/17\.2 GB [\d.]+ [kMG]?B\/s ETA \d+:\d\d/);
  t.regex(stderr, /\r\u001b\[2Kcancelled at \d+%, nothing written\n$/);
});

for (const phase of ['open', 'compare', 'analyze', 'write']) {
  withSignals(`Ctrl-C ends the program while it is at "${phase}"`, async (t) => {
    const out = join(folder.path, 'out.json');
    let [sent, ended] = [0, 0];
    const interrupt = async (): Promise<NodeJS.Signals | null> => {
      rmSync(out, { force: true });
      sent = 0;
      const { signal } = await run([...many, '-o', out, '--progress', 'json'], {
        onStderr: (text, kill) => {
          if (sent === 0 && text.includes(`"phase":"${phase}"`)) {
            sent = performance.now();
            kill('SIGINT');
          }
        },
      });
      ended = performance.now();
      return signal;
    };
    // On a busy machine this process may learn of a short phase when the program has ended.
    let signal = await interrupt();
    for (let again = 0; signal === null && again < 3; again += 1) signal = await interrupt();
    t.is(signal, 'SIGINT');
    t.true(ended - sent < 2000, `${ended - sent} ms`);
    t.false(existsSync(out));
    t.deepEqual(
      readdirSync(folder.path).filter((name) => name.includes('tmp')),
      [],
    );
  });
}

test.serial('--progress json prints a line of JSON for every step, from the opening to the writing', async (t) => {
  const { code, stderr } = await run([...many, '--progress', 'json', '--json']);
  t.is(code, 0);
  const steps = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.deepEqual([...new Set(steps.map(({ phase }) => phase))], ['open', 'compare', 'probe', 'analyze', 'write']);
  const opened = steps.findLast(({ phase }) => phase === 'open');
  t.like(opened, { share: 1, tensors_done: MANY, tensors_total: MANY, bytes_total: 0 });
  for (const { seconds } of steps) t.true(typeof seconds === 'number' && seconds > 0);
});

for (const flags of [['--no-progress'], ['--progress', 'never'], ['-q'], []]) {
  withSignals(`off a terminal, or with ${flags.join(' ') || 'nothing'}, a short run draws nothing`, async (t) => {
    const { signal, stderr } = await run([...large, ...flags], { interruptAfter: 3000 });
    t.is(signal, 'SIGINT');
    // On a busy machine it may not have come as far as to answer.
    t.regex(stderr, /^(?:cancelled at \d+%, nothing written\n)?$/);
  });
}
