import test from 'ava';
import { writeCsv } from '../../src/report/csv/comparison.ts';
import { compareCodeUnits } from '../../src/names/order.ts';
import { buildModel, buildResult, type BuiltResult, prepare } from './build.ts';
import { HOSTILE_NAMES } from './hostile.ts';

function write(result: BuiltResult): string {
  return [...writeCsv(prepare(result))].join('');
}

/** A reader of RFC 4180, strict. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    const match = quoted ? /"((?:[^"]|"")*)"(,|\r\n)/y : /([^",\r\n]*)(,|\r\n)/y;
    match.lastIndex = at;
    const found = match.exec(text);
    if (found === null) throw new Error(`no cell at ${at}: ${JSON.stringify(text.slice(at, at + 40))}`);
    row.push(quoted ? (found[1] ?? '').replaceAll('""', '"') : (found[1] ?? ''));
    at = match.lastIndex;
    if (found[2] === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

test('every tensor of the result, listed or not, with a head', (t) => {
  const built = buildModel();
  const [head, ...rows] = parse(write(built));
  t.is(rows.length, built.comparison.columns.names.length);
  t.true(rows.every((row) => row.length === head?.length));
  t.deepEqual(head?.slice(0, 13), [
    'name',
    'change_type',
    'block',
    'module',
    'layer_type',
    'role',
    'l2_diff',
    'l1_diff',
    'max_diff',
    'mean_diff',
    'cosine_sim',
    'relative_change',
    'one_minus_cos',
  ]);
  t.true(rows.some((row) => row[1] === 'unchanged'));
  const placeOf = (name: string): string[] | undefined => rows.find((row) => row[0] === name)?.slice(2, 6);
  t.deepEqual(placeOf('model.layers.3.self_attn.q_proj.weight'), ['3', 'self_attn.q_proj', 'attention', 'q']);
  t.deepEqual(placeOf('model.layers.11.input_layernorm.weight'), ['11', 'input_layernorm', 'norm', '']);
  t.deepEqual(placeOf('lm_head.weight'), ['', 'lm_head', 'output', 'head']);
});

test('numbers are in full, and a missing one is an empty cell', (t) => {
  const [head = [], first = [], second = []] = parse(
    write(
      buildResult([
        { name: 'a', change: 1 / 3 },
        { name: 'b', type: 'added' },
      ]),
    ),
  );
  const cell = (row: readonly string[], title: string): string | undefined => row[head.indexOf(title)];
  t.is(cell(first, 'relative_change'), String(1 / 3));
  t.is(Number(cell(first, 'l2_diff')), (1 / 3) * 3.3);
  t.is(cell(first, 'mean_diff'), String(1 / 3 / -7), 'a negative number is a number and no formula');
  t.is(cell(first, 'old_shape'), '[8,4]');
  t.is(cell(second, 'relative_change'), '');
  t.is(cell(second, 'old_shape'), '');
  t.is(cell(second, 'new_dtype'), 'f32');
  t.false(write(buildResult([{ name: 'c', change: null }])).includes('NaN'));
});

test('a failed tensor has its reason', (t) => {
  const [head = [], row = []] = parse(write(buildResult([{ name: 'bad', error: 'cannot, "really"' }])));
  t.is(row[head.indexOf('error')], 'cannot, "really"');
});

test('hostile names come back as they are, but for the guard against formulas', (t) => {
  const rows = parse(write(buildResult(HOSTILE_NAMES.map((name) => ({ name }))))).slice(1);
  t.deepEqual(
    rows.map((row) => row[0]),
    [...HOSTILE_NAMES].sort(compareCodeUnits).map((name) => (/^[=+\-@\t\r\n]/.test(name) ? `'${name}` : name)),
  );
});
