/** What the linter sees of single imports, for what is reached through others: a saved comparison is read without the add-on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import test from 'ava';

const source = join(import.meta.dirname, '../src');

/** Modules that are loaded with a module, by any number of imports. */
function reach(path: string, reached = new Set<string>()): Set<string> {
  if (reached.has(path)) return reached;
  reached.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, target = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?['"](\.[^'"]+)['"];$/gmu))
    reach(resolve(path, '..', target), reached);
  return reached;
}

for (const folder of ['wording', 'names', 'layer-types', 'comparison', 'analysis', 'rules', 'report']) {
  test(`nothing in ${folder} reaches the add-on`, (t) => {
    const files = readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    t.true(files.length > 2);
    for (const file of files)
      for (const module of reach(join(source, folder, file))) t.notRegex(module, /src\/native\/|binding\.cjs/u, file);
  });
}

test('what compares does reach it', (t) => {
  t.true([...reach(join(source, 'compare/compare.ts'))].some((module) => module.endsWith('src/native/binding.ts')));
});
