/**
 * Writes the licences of what is part of the packages: THIRD-PARTY-NOTICES.md has those of the npm packages that are bundled into dist/, and
 * crates/diff-node/THIRD-PARTY-NOTICES.md, for the platform packages, those of the crates that are linked into the add-on for any platform.
 *   --check   writes nothing, and fails when a file is not what it would be
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/host.mjs';
import { LEGAL_FILES } from './lib/platform-packages.mjs';
import { mustRun, ScriptError, start } from './lib/run.mjs';

/** Bundled by rolldown. */
const PACKAGES = ['commander', 'fastest-levenshtein', 'undici'];

const BUNDLE =
  'The JavaScript of model-diff contains the npm packages below; its add-ons, in packages of their own, bring the notices of what is in them.';

const ADDON =
  'The add-on of model-diff contains the Rust standard library (MIT OR Apache-2.0, <https://github.com/rust-lang/rust>) and the crates below.';

/** Crates that come without the file of their licence, and an npm package of the same repository that has it. */
const SAME_REPOSITORY = { napi: '@napi-rs/cli', 'napi-sys': '@napi-rs/cli' };

/** Of several licences to choose from the first one here is taken. */
const PREFERENCE = [/mit/i, /^licen[sc]e(\.\w+)?$/i, /apache|_a2$/i];

/**
 * @typedef {object} Part
 * @property {string} name With its version.
 * @property {string} licence As an SPDX expression.
 * @property {string} text
 */

await start(async () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const files = {
    'THIRD-PARTY-NOTICES.md': describe(BUNDLE, PACKAGES.map(readPackage)),
    [LEGAL_FILES['THIRD-PARTY-NOTICES.md']]: describe(ADDON, await listCrates()),
  };
  for (const [name, notices] of Object.entries(files)) {
    const file = join(root, name);
    if (!values.check) writeFileSync(file, notices);
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== notices)
      throw new ScriptError(`${name} is not what the dependencies say: run node scripts/notices.mjs`);
  }
});

/** @returns {Promise<Part[]>} */
async function listCrates() {
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const targets = napi.targets.flatMap((/** @type {string} */ target) => ['--target', target]);
  const { packages } = JSON.parse(await mustRun(['cargo', 'metadata', '--format-version', '1', '--locked'], { output: 'keep' }));
  const tree = ['cargo', 'tree', '--locked', '--package', 'diff-node', '--edges', 'normal,no-proc-macro', '--prefix', 'none'];
  const lines = (await mustRun([...tree, '--no-dedupe', '--format', '{p}', ...targets], { output: 'keep' })).split('\n');
  const linked = new Set(lines.map((line) => line.split(' ').slice(0, 2).join(' ')));
  return packages
    .filter((/** @type {any} */ it) => it.source !== null && linked.has(`${it.name} v${it.version}`))
    .map((/** @type {any} */ { name, version, license, manifest_path: manifest }) => {
      const other = /** @type {Record<string, string>} */ (SAME_REPOSITORY)[name];
      const folder = other === undefined ? dirname(manifest) : join(root, 'node_modules', other);
      return { name: `${name} ${version}`, licence: license.replace('/', ' OR '), text: readLicence(folder, name) };
    });
}

/** @param {string} name @returns {Part} */
function readPackage(name) {
  const folder = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { name: `${name} ${version}`, licence: license, text: readLicence(folder, name) };
}

/** @param {string} folder @param {string} name */
function readLicence(folder, name) {
  const files = readdirSync(folder);
  const file = PREFERENCE.map((wanted) => files.find((it) => /licen[sc]e/i.test(it) && wanted.test(it))).find(Boolean);
  if (file === undefined) throw new ScriptError(`${name} has no licence file in ${folder}`);
  return readFileSync(join(folder, file), 'utf8')
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trim();
}

/** @param {string} contents @param {readonly Part[]} parts */
function describe(contents, parts) {
  const head = `# Third-party notices\n\n${contents}\nEach is followed by its licence. Made by \`node scripts/notices.mjs\`.\n`;
  /** @type {Map<string, Part[]>} */
  const texts = new Map();
  for (const part of parts) texts.set(part.text, [...(texts.get(part.text) ?? []), part]);
  const sections = [...texts].map(([text, same]) => {
    const names = same.map(({ name, licence }) => `- ${name} (${licence})`).sort();
    return { names, section: `\n---\n\n${names.join('\n')}\n\n\`\`\`text\n${text}\n\`\`\`\n` };
  });
  sections.sort((a, b) => (String(a.names[0]) < String(b.names[0]) ? -1 : 1));
  return head + sections.map(({ section }) => section).join('');
}
