/** index.d.ts: the public names and nothing else, and lists that are those of the core. */
import { readFileSync } from 'node:fs';

import test from 'ava';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const declarations = read('index.d.ts');

/** First groups of every match. */
const collect = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, group = '']) => group);

test('every declaration is exported', (t) => {
  const declared = collect(declarations, /^(?:declare )?(?:class|interface|type|const|function) (\w+)/gmu);
  const exported = collect(declarations, /^export (?:type )?\{([^}]*)\}/gmu).flatMap((names) =>
    names.split(',').map((it) => it.trim()),
  );
  t.true(declared.length > 50);
  t.deepEqual([...new Set(declared)].toSorted(), exported.toSorted());
});

test('nothing internal is among them', (t) => {
  t.notRegex(declarations, /@internal|\bNative(?!Load)|\bbinding\b|\bFailure\b/u);
  t.deepEqual(collect(declarations, /(\b_\w+\??:)/gu), [], 'parameters that are not used are not shown');
});

/** Members of a union of strings. */
function union(name: string): string[] {
  const [body = ''] = collect(declarations, new RegExp(`^type ${name} = ([^;]*);`, 'gmu'));
  return collect(body, /'(\w+)'/gu).toSorted();
}

/** What a list of the core has, in its source. */
function core(file: string, pattern: RegExp): string[] {
  return collect(read(`crates/diff-core/src/${file}.rs`), pattern).toSorted();
}

/** What only the layer above the core can run into. */
const CODES_ABOVE = ['E_INVALID_PLAN', 'E_NATIVE_LOAD', 'E_NO_COMMON_TENSORS', 'E_PLAN_MISMATCH'];

for (const [name, own, listed] of [
  ['ErrorCode', CODES_ABOVE, core('error', /^ {4}\w+ "(E_\w+)" \w+;$/gmu)],
  ['ErrorKind', ['NativeLoad'], core('error', /^ {12}Self::\w+ => "(\w+)",$/gmu)],
  ['LimitName', [], core('limits', /^ {4}\w+ "(\w+)" \|/gmu)],
  ['KnownDtype', [], core('dtype', /^ {4}\(D::\w+, "(\w+)", \d+\),$/gmu)],
] as const) {
  test(`${name} is the list of the core`, (t) => {
    t.true(listed.length > 5);
    t.deepEqual(union(name), [...listed, ...own].toSorted());
  });
}
