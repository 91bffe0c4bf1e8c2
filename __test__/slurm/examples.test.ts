/** The examples for other schedulers: their own commands, with the variables that those schedulers set, come to the report. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { BIN, example, ROOT } from '../cli/cli.ts';

const EXAMPLES = join(ROOT, 'examples', 'cluster');

/** Parts in a test, in place of the 64 of the examples. */
const PARTS = 3;

interface Container {
  readonly command: readonly string[];
}

interface KubernetesJob {
  readonly metadata: { readonly labels: { readonly step: string } };
  readonly spec: {
    readonly completionMode?: string;
    readonly completions?: number;
    readonly template: { readonly spec: { readonly restartPolicy: string; readonly containers: readonly Container[] } };
  };
}

interface ArgoWorkflow {
  readonly spec: {
    readonly entrypoint: string;
    readonly templates: readonly {
      readonly name: string;
      readonly steps?: readonly (readonly { readonly template: string; readonly withSequence?: { readonly end: string } }[])[];
      readonly container?: Container;
    }[];
  };
}

/** A folder that stands for /data of the examples. */
function makeData(): string {
  const data = mkdtempSync(join(tmpdir(), 'model-diff-cluster-'));
  for (const [from, to] of [
    ['base', 'base'],
    ['lora-merged', 'tuned'],
  ] as const)
    cpSync(example(from), join(data, to), { recursive: true });
  return data;
}

/** Runs a command of an example: `model-diff` is the built program, /data the folder, 64 parts are few. */
async function call(data: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const [program, ...rest] = words;
  if (program !== 'model-diff') throw new Error(`not a call of model-diff: ${words.join(' ')}`);
  const args = rest.map((word) => word.replace('/data', data).replace(/^64$/u, `${PARTS}`).replace('/64', `/${PARTS}`));
  await promisify(execFile)(process.execPath, [BIN, ...args], { env: { ...process.env, ...env } });
}

function readYaml<T>(name: string): T[] {
  return parseAllDocuments(readFileSync(join(EXAMPLES, name), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as T;
  });
}

const indices = Array.from({ length: PARTS }, (_, at) => at);

test('kubernetes.yaml', async (t) => {
  const data = makeData();
  const jobs = readYaml<KubernetesJob>('kubernetes.yaml');
  t.deepEqual(
    jobs.map(({ metadata }) => metadata.labels.step),
    ['plan', 'parts', 'combine'],
  );
  for (const { spec } of jobs) {
    const { restartPolicy, containers } = spec.template.spec;
    t.is(restartPolicy, 'Never');
    const { command = [] } = containers[0] ?? {};
    if (spec.completionMode === undefined) await call(data, command);
    else {
      t.deepEqual([spec.completionMode, spec.completions], ['Indexed', 64]);
      for (const index of indices) await call(data, command, { JOB_COMPLETION_INDEX: `${index}` });
    }
  }
  t.true(existsSync(join(data, 'run', 'report.html')));
  rmSync(data, { recursive: true });
});

test('argo.yaml', async (t) => {
  const data = makeData();
  const [workflow] = readYaml<ArgoWorkflow>('argo.yaml');
  const templates = new Map(workflow?.spec.templates.map((template) => [template.name, template]));
  for (const [step] of templates.get(workflow?.spec.entrypoint ?? '')?.steps ?? []) {
    const command = templates.get(step?.template ?? '')?.container?.command ?? [];
    const shards = step?.withSequence === undefined ? [''] : indices.map((index) => `${index + 1}`);
    for (const shard of shards)
      await call(
        data,
        command.map((word) => word.replace('{{inputs.parameters.shard}}', shard)),
      );
  }
  t.true(existsSync(join(data, 'run', 'report.html')));
  rmSync(data, { recursive: true });
});

test('aws-batch.sh', async (t) => {
  const data = makeData();
  // A client that writes down what it is asked to submit, in the place of Amazon's.
  const log = join(data, 'submitted');
  writeFileSync(
    join(data, 'aws'),
    `#!/bin/bash\nprintf '%s\\0' "$@" >> '${log}'; printf '\\n' >> '${log}'; echo "job-$(wc -l < '${log}')"\n`,
    { mode: 0o755 },
  );
  await promisify(execFile)('bash', [join(EXAMPLES, 'aws-batch.sh')], {
    env: { ...process.env, PATH: `${data}:${process.env['PATH'] ?? ''}`, QUEUE: 'spot' },
  });
  const calls = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\0'));
  t.is(calls.length, 3);
  for (const [at, words] of calls.entries()) {
    const after = (name: string): string => words[words.indexOf(name) + 1] ?? '';
    t.deepEqual(words.slice(0, 2), ['batch', 'submit-job']);
    if (at > 0) t.is(after('--depends-on'), `jobId=job-${at}`);
    const { command } = JSON.parse(after('--container-overrides')) as Container;
    if (!words.includes('--array-properties')) await call(data, command);
    else for (const index of indices) await call(data, command, { AWS_BATCH_JOB_ARRAY_INDEX: `${index}` });
  }
  t.true(existsSync(join(data, 'run', 'report.html')));
  rmSync(data, { recursive: true });
});
