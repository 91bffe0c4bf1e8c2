/** Every command and the program of README.md, run as they stand there, on the example checkpoints; and where its links lead. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

import { makeFolder } from './helpers/safetensors.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'README.md'), 'utf8');
const examples = join(root, 'examples/tiny-gpt');

/** What stands on the page for a checkpoint of the reader's, and an example to put in its place. */
const CHECKPOINTS: Readonly<Record<string, string>> = {
  'old/': 'base',
  'new/': 'sft',
  'base/': 'base',
  'tuned/': 'sft',
  'release/': 'sft',
  'trained/': 'sft-sharded',
  'step-1/': 'continue-0100',
  'step-2/': 'continue-0200',
  'step-3/': 'continue-0300',
};
/** A file with the averaged weights beside those of the model, and what they are called in it. */
const WITH_AVERAGE: Readonly<Record<string, string>> = {
  'ckpt.pt': join(root, '__test__/fixtures/torch/params_ema.pt'),
  ema: 'params_ema',
  model: 'params',
};

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gsu'))].map(([, code = '']) => code);
const commands = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/u, '').trim())
  .filter((line) => /^(?:npx )?model-diff /u.test(line));
const folder = makeFolder();
// What a scheduler would set; there is one part in place of many.
const env = { ...process.env, NODE_OPTIONS: '', CI: '1', MODEL_DIFF_SHARD: '1' };

test.serial('there are commands and a program on the page', (t) => {
  t.true(commands.length >= 8);
  t.is(blocks('ts').length, 1);
});

for (const command of commands) {
  test.serial(command, (t) => {
    const words = command.replace(/^(?:npx )?model-diff /u, '').match(/'[^']*'|\S+/gu) ?? [];
    const args = words.map((word) => {
      const plain = word.replace(/^'(.*)'$/u, '$1');
      const example = CHECKPOINTS[plain];
      if (example !== undefined) return join(examples, example);
      if (plain === '64') return '1';
      if (command.includes('ckpt.pt') && plain in WITH_AVERAGE) return WITH_AVERAGE[plain] ?? '';
      return plain.startsWith('examples/') ? join(root, plain) : plain;
    });
    const out = execFileSync(process.execPath, [join(root, 'dist/cli.js'), ...args], { encoding: 'utf8', cwd: folder, env });
    t.is(out === '', args.includes('-q') || args.includes('--shard'));
  });
}

test.serial('the reports that the commands write are there', (t) => {
  t.deepEqual(readdirSync(folder).toSorted(), ['report.html', 'report.json', 'report.md', 'run']);
});

test.serial('the program prints the verdict', (t) => {
  const program = (blocks('ts')[0] ?? '').replace(/'((?:base|tuned)\/)'/gu, (_, name: string) =>
    JSON.stringify(join(examples, CHECKPOINTS[name] ?? '')),
  );
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.regex(out, /model\.norm\.weight \[ 40 \] \d\.\d{4}/u);
  t.regex(out, /Every matrix changed by about the same share: 5\.7%/u);
});

// The registry shows the page too, where a relative link leads nowhere.
test.serial('every link is a whole address, and what it leads to in the repository is there', (t) => {
  const links = [...page.matchAll(/\]\(([^)]+)\)|(?:src|srcset|href)="([^"]+)"/gu)].map(
    ([, first, second]) => first ?? second ?? '',
  );
  t.true(links.length > 15);
  for (const link of links) {
    const [, path = '', anchor] =
      /^https:\/\/(?:github\.com\/model-diff\/model-diff\/blob|raw\.githubusercontent\.com\/model-diff\/model-diff)\/main\/([^#]+)(?:#(.+))?$/u.exec(
        link,
      ) ?? [];
    if (path === '') {
      t.regex(link, /^https:\/\/(?!(?:github\.com|raw\.githubusercontent\.com)\/model-diff)/u);
      continue;
    }
    t.true(existsSync(join(root, path)), path);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.*)$/gmu)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    );
    t.true(headings.includes(anchor), link);
  }
});
