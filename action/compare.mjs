/**
 * A step of action.yml: compares, annotates, writes the summary of the job, and leaves the reports for the steps behind it. It ends with 0
 * whatever was found; the exit status of model-diff is an output.
 */

import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotate, readLines, readVariable, setOutputs } from './commands.mjs';
import { fitMarkdown, quoteBlock } from './fit.mjs';

/** GitHub drops the summary of a step that is longer than 1 MiB. */
const SUMMARY_BYTES = 1024 * 1024;
/** Characters of the errors that are shown. */
const LONGEST_ERROR = 4000;

const temporary = readVariable('RUNNER_TEMP');
const program = join(temporary, 'model-diff', 'node_modules', 'model-diff', 'dist', 'cli.js');
const folder = mkdtempSync(join(temporary, 'model-diff-report-'));
const page = readPage();
const files = {
  markdown: join(folder, 'report.md'),
  json: join(folder, 'report.json'),
  ...(page !== '' && { html: join(folder, page) }),
};

const config = readVariable('MODEL_DIFF_CONFIG', '');
const { status, errors } = await run([
  nameCheckpoint(readVariable('MODEL_DIFF_BASE')),
  nameCheckpoint(readVariable('MODEL_DIFF_TUNED')),
  '--format=github',
  ...Object.values(files).map((file) => `--output=${file}`),
  ...readLines('MODEL_DIFF_FAIL_ON').map((rule) => `--fail-on=${rule}`),
  ...(config === '' ? [] : [`--config=${config}`]),
  ...readLines('MODEL_DIFF_ARGS'),
]);

const written = Object.entries(files).map(([name, file]) => [name, existsSync(file) ? file : '']);
const hasReport = existsSync(files.markdown);
if (!hasReport) annotate('error', errors.split('\n').find((line) => line.startsWith('error')) ?? 'no report was written');
const report = hasReport ? readFileSync(files.markdown, 'utf8') : `# model-diff failed\n\n${quoteBlock(errors)}`;
const summary = readVariable('GITHUB_STEP_SUMMARY', '');
if (summary !== '') appendFileSync(summary, fitMarkdown(report, SUMMARY_BYTES));
setOutputs({ status: String(status), html: '', ...Object.fromEntries(written) });

/** The web page's name: it is the artifact's too. */
function readPage() {
  const name = readVariable('MODEL_DIFF_HTML', '');
  if (name === '' || /^\w[\w.-]*\.html$/u.test(name)) return name;
  throw new Error(
    `html must be a file name of letters, digits, dots and hyphens that ends in .html, not ${JSON.stringify(name)}`,
  );
}

/**
 * A checkpoint as model-diff takes neither for an option nor for the name of a command.
 * @param {string} path
 */
function nameCheckpoint(path) {
  return path.startsWith('-') || !/[\\/]/u.test(path) ? `./${path}` : path;
}

/**
 * Runs the installed program without a shell. Its annotations and messages go to the log.
 * @param {readonly string[]} args
 * @returns {Promise<{ status: number, errors: string }>}
 */
function run(args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    process.stderr.write(text);
    errors = (errors + text).slice(-LONGEST_ERROR);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ status: code ?? 2, errors }));
  });
}
