import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeFolder, run } from './cli.ts';
import { writeSafetensors } from './safetensors.ts';

const folder = makeFolder();
test.after.always(folder.remove);

// Holes in the files: 16 GiB to read that take no place, so that there is time to interrupt.
const large = ['one', 'two'].map((name) => join(folder.path, `${name}.safetensors`));
test.before(() => {
  for (const path of large) writeSafetensors(path, [{ name: 'a.weight', shape: [1 << 21, 1 << 10] }]);
});

test.serial('Ctrl-C stops in the middle of a tensor, writes nothing, and the shell sees it', async (t) => {
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

test.serial('progress by bytes is drawn over one line, and the cursor comes back', async (t) => {
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
  t.is(stderr.split('\u001b[?25l').length, 2);
  t.true(stderr.lastIndexOf('\u001b[?25h') > stderr.lastIndexOf('\u001b[?25l'));
});

for (const flags of [['--no-progress'], ['--progress', 'never'], ['-q'], []]) {
  test.serial(`off a terminal, or with ${flags.join(' ') || 'nothing'}, a short run draws nothing`, async (t) => {
    const { signal, stderr } = await run([...large, ...flags], { interruptAfter: 3000 });
    t.is(signal, 'SIGINT');
    // On a busy machine it may not have come as far as to answer.
    t.regex(stderr, /^(?:cancelled at \d+%, nothing written\n)?$/);
  });
}
