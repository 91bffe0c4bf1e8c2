/** The steps of action.yml, with the environment that a runner sets, and a server in the place of GitHub's. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { example, makeFolder, ROOT } from './cli.ts';

const folder = makeFolder();
test.after.always(folder.remove);

interface Step {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Runs a step in a folder of its own, where the package is installed as action.yml installs it. */
function runStep(script: 'compare' | 'comment', env: NodeJS.ProcessEnv, cwd: string = ROOT): Promise<Step> {
  const temporary = mkdtempSync(join(folder.path, 'runner-'));
  const packages = join(temporary, 'model-diff', 'node_modules');
  mkdirSync(packages, { recursive: true });
  symlinkSync(ROOT, join(packages, 'model-diff'), 'junction');
  const [output, summary] = [join(temporary, 'output'), join(temporary, 'summary.md')];
  const runner = { RUNNER_TEMP: temporary, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, CI: 'true' };
  const child = spawn(process.execPath, [join(ROOT, 'action', `${script}.mjs`)], {
    cwd,
    env: { PATH: process.env['PATH'], ...runner, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      const lines = read(output).split('\n').filter(Boolean);
      const outputs = Object.fromEntries(lines.map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]));
      resolve({ code, stdout, stderr, outputs, summary: read(summary) });
    });
  });
}

const PAIR = { MODEL_DIFF_BASE: example('base'), MODEL_DIFF_TUNED: example('sft'), MODEL_DIFF_HTML: 'model-diff.html' };

test('compare writes the summary, the reports and annotations', async (t) => {
  const { code, stdout, outputs, summary } = await runStep('compare', PAIR);
  t.is(code, 0);
  t.is(outputs['status'], '0');
  t.regex(stdout, /^::notice title=[^\n]*::Every matrix changed by about the same share/m);
  t.true(summary.startsWith('## `base` → `sft`'), summary);
  t.is(summary, readFileSync(outputs['markdown'] ?? '', 'utf8'));
  t.true(readFileSync(outputs['html'] ?? '', 'utf8').startsWith('<!'));
  t.regex(outputs['html'] ?? '', /[\\/]model-diff\.html$/);
  t.is((JSON.parse(readFileSync(outputs['json'] ?? '', 'utf8')) as { tool: { name: string } }).tool.name, 'model-diff');
});

test('rules, further arguments and no web page', async (t) => {
  const { code, stdout, outputs, summary } = await runStep('compare', {
    ...PAIR,
    MODEL_DIFF_HTML: '',
    MODEL_DIFF_FAIL_ON: 'nan\n\n  change>5%@*self_attn*  \n',
    MODEL_DIFF_ARGS: '--top\n3\n--include=*layers*\n',
  });
  t.is(code, 0, 'the last step judges');
  t.is(outputs['status'], '1');
  t.is(outputs['html'], '');
  t.regex(stdout, /^::error title=[^\n]*change>5%25@\*self_attn\*/m);
  t.true(summary.includes('change>5%'));
  t.false(summary.includes('lm_head'));
});

test('what comes from outside is data: no shell sees it, and no path is an option or a command', async (t) => {
  const cwd = mkdtempSync(join(folder.path, 'names-'));
  for (const name of ['inspect', '--version', '$(touch pwned);`touch pwned` & x'])
    cpSync(example('base'), join(cwd, name), { recursive: true });
  for (const [base, tuned] of [
    ['inspect', '--version'],
    ['$(touch pwned);`touch pwned` & x', 'inspect'],
  ] as const) {
    const { outputs, summary } = await runStep('compare', { ...PAIR, MODEL_DIFF_BASE: base, MODEL_DIFF_TUNED: tuned }, cwd);
    t.is(outputs['status'], '0', base);
    t.true(summary.includes('Identical: all 57 tensors'), summary);
  }
  t.false(existsSync(join(cwd, 'pwned')));
  const page = await runStep('compare', { ...PAIR, MODEL_DIFF_HTML: '../../x.html' });
  t.is(page.code, 1);
  t.regex(page.stderr, /html must be a file name/);
});

test('an error is an annotation and the summary', async (t) => {
  const { code, stdout, outputs, summary } = await runStep('compare', { ...PAIR, MODEL_DIFF_TUNED: 'not/there' });
  t.is(code, 0);
  t.deepEqual([outputs['status'], outputs['markdown'], outputs['json'], outputs['html']], ['2', '', '', '']);
  t.regex(stdout, /^::error title=model-diff::error\[E_NOT_FOUND\]: [^\n]*not\/there/m);
  t.regex(summary, /^# model-diff failed\n\n```\nerror\[E_NOT_FOUND\]: /);
});

interface Call {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** GitHub's comments: answers lists and takes changes; `status` refuses them. */
async function serveComments(
  comments: readonly object[],
  status = 200,
): Promise<{ calls: Call[]; url: string; close: () => void }> {
  const calls: Call[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { method = '', url = '', headers } = request;
    const body = text === '' ? '' : (JSON.parse(text) as { body: string }).body;
    calls.push({ method, url, authorization: headers.authorization, body });
    const page = Number(/&page=(\d+)/.exec(url)?.[1] ?? 1);
    const isList = method === 'GET';
    response.writeHead(isList ? 200 : status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isList ? comments.slice((page - 1) * 100, page * 100) : {}));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

function describeEvent(event: object, report: string): NodeJS.ProcessEnv {
  const place = mkdtempSync(join(folder.path, 'event-'));
  writeFileSync(join(place, 'event.json'), JSON.stringify(event));
  writeFileSync(join(place, 'report.md'), report);
  return {
    GITHUB_EVENT_PATH: join(place, 'event.json'),
    GITHUB_REPOSITORY: 'org/repo',
    MODEL_DIFF_MARKDOWN: join(place, 'report.md'),
    MODEL_DIFF_COMMENT: 'weights',
    MODEL_DIFF_TOKEN: 'secret',
  };
}

const MARKER = '<!-- model-diff: weights -->\n';
const PULL_REQUEST = { pull_request: { number: 7 } };

test('the first run writes a comment, later ones replace it', async (t) => {
  const first = await serveComments([{ id: 1, body: `${MARKER}of a person`, user: { type: 'User' } }]);
  const created = await runStep('comment', { ...describeEvent(PULL_REQUEST, '# a → b\n'), GITHUB_API_URL: first.url });
  first.close();
  t.deepEqual([created.code, created.stdout, created.stderr], [0, '', '']);
  t.deepEqual(
    first.calls.map(({ method, url }) => `${method} ${url}`),
    ['GET /repos/org/repo/issues/7/comments?per_page=100&page=1', 'POST /repos/org/repo/issues/7/comments'],
  );
  t.is(first.calls[1]?.body, `${MARKER}# a → b\n`);
  t.is(first.calls[1]?.authorization, 'Bearer secret');

  const others = Array.from({ length: 150 }, (_, id) => ({ id, body: 'hello', user: { type: 'Bot' } }));
  const second = await serveComments([...others, { id: 999, body: `${MARKER.trim()}\r\nold`, user: { type: 'Bot' } }]);
  await runStep('comment', { ...describeEvent(PULL_REQUEST, '# c → d\n'), GITHUB_API_URL: second.url });
  second.close();
  t.deepEqual(
    second.calls.map(({ method, url }) => `${method} ${url.replace(/\?.*page=/, ' ')}`),
    [
      'GET /repos/org/repo/issues/7/comments 1',
      'GET /repos/org/repo/issues/7/comments 2',
      'PATCH /repos/org/repo/issues/comments/999',
    ],
  );
  t.is(second.calls[2]?.body, `${MARKER}# c → d\n`);
});

test('a comment that is too long is cut, and says so', async (t) => {
  const row = '| `tensor` | ∅ 5% |\n';
  for (const [report, begins, hasRows] of [
    [`# verdict\n\n${row}\n<details>\n\n${row.repeat(10_000)}\n</details>\n`, '# verdict', false],
    [`# verdict\n\n${row.repeat(10_000)}`, '# verdict', true],
  ] as const) {
    const server = await serveComments([]);
    await runStep('comment', { ...describeEvent(PULL_REQUEST, report), GITHUB_API_URL: server.url });
    server.close();
    const body = server.calls.at(-1)?.body ?? '';
    t.true(Buffer.byteLength(body) <= 65_536 && body.startsWith(MARKER + begins));
    t.true(body.endsWith('\n\nThe rest is left out here: the report is longer than GitHub shows.\n'));
    t.false(body.includes('<details>'));
    t.is(body.split(row).length > 1000, hasRows);
    t.false(body.includes('\ufffd'));
  }
});

test('where there is nothing to comment on, or no right to, the job goes on', async (t) => {
  const push = await runStep('comment', describeEvent({ ref: 'refs/heads/main' }, '# x\n'));
  t.deepEqual([push.code, push.stdout], [0, '::notice title=model-diff::there is no pull request to comment on\n']);
  const server = await serveComments([], 403);
  const refused = await runStep('comment', { ...describeEvent(PULL_REQUEST, '# x\n'), GITHUB_API_URL: server.url });
  server.close();
  t.is(refused.code, 0);
  t.is(
    refused.stdout,
    '::warning title=model-diff::the comment could not be written: GitHub answered 403 to POST issues/7/comments\n',
  );
});

test('action.yml splices nothing into a command, and installs this version', (t) => {
  const action = readFileSync(join(ROOT, 'action.yml'), 'utf8');
  const commands = action.split('\n').filter((line) => /^ +run:/.test(line));
  t.is(commands.length, 4);
  for (const command of commands) {
    t.notRegex(command, /\$\{\{/);
    t.notRegex(command, /run: *[|>]/, 'one line, so that the test sees all of it');
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  t.true(action.includes(`    default: ${version}\n`));
  for (const [, script = ''] of action.matchAll(/\$GITHUB_ACTION_PATH\/(\S+?)"/g)) t.true(existsSync(join(ROOT, script)), script);
});
