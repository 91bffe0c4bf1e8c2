/** The programs of docs/json.md, run as they stand there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { compare, renderReport } from 'model-diff';
import { PAIR_METRIC_NAMES, PROBE_METRIC_NAMES, SIDE_METRIC_NAMES } from '../../src/comparison/metrics.ts';
import { toSnakeCase } from '../../src/wording/snake-case.ts';
import { REPORT_SCHEMA } from '../../src/report/json/report-schema.ts';

const page = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');
const programs = [...page.matchAll(/```python\n(.*?)```/gsu)].map(([, program = '']) => program);
const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
const examples = fileURLToPath(new URL('../../examples/tiny-gpt/', import.meta.url));
const file = join(mkdtempSync(join(tmpdir(), 'model-diff-json-')), 'report.json');
let expected = '';

test.before(async () => {
  const comparison = await compare(`${examples}base`, `${examples}lora-merged`, { histogram: true });
  writeFileSync(file, renderReport(comparison, { format: 'json' }));
  const names = comparison.rows().map(({ name, relativeChange }) => [name, relativeChange ?? 0] as const);
  expected = names
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([name, change]) => `${name} ${change}\n`)
    .join('');
});

for (const program of programs) {
  const isNumpy = program.includes('numpy');
  const run = isNumpy && !hasNumpy ? test.skip : test;
  run(`the reader ${isNumpy ? 'with' : 'without'} numpy prints the most changed tensors`, (t) => {
    t.is(execFileSync('python3', ['-', file], { input: program, encoding: 'utf8' }), expected);
  });
}

test('a reader reads every column', (t) => {
  const [reader = ''] = (programs.find((program) => !program.includes('numpy')) ?? '').split('\ncolumns =');
  const program = `${reader}
def check(value, rows):
    if "dtype" in value and isinstance(value["dtype"], str):
        assert len(read(value)) % rows == 0 and len(read(value)) > 0
        return 1
    if "index" in value:
        assert all(i < len(value["values"]) for i in read(value["index"]))
        return 1
    return sum(check(v, rows) for v in value.values() if isinstance(v, dict))
columns = json.load(open(sys.argv[1]))["columns"]
print(check(columns, len(columns["names"])))`;
  const count = execFileSync('python3', ['-', file], { input: program, encoding: 'utf8' });
  // Four of each tensor, six of each side, three of the rounding model, one histogram; probes where there are any.
  const hasProbes = /"probes"/.test(readFileSync(file, 'utf8'));
  const least = PAIR_METRIC_NAMES.length + 4 + 2 * (SIDE_METRIC_NAMES.length + 6) + 3 + 1;
  t.is(Number(count), least + (hasProbes ? PROBE_METRIC_NAMES.length : 0));
});

test('the page names every key', (t) => {
  for (const key of Object.keys(REPORT_SCHEMA.fields).map(toSnakeCase))
    t.true(page.includes(`| \`${key}\``) || page.includes(`, \`${key}\``), key);
  for (const metric of [...PAIR_METRIC_NAMES, ...SIDE_METRIC_NAMES, ...PROBE_METRIC_NAMES])
    t.true(page.includes(`| \`${toSnakeCase(metric)}\` |`), metric);
  t.is(programs.length, 2);
});
