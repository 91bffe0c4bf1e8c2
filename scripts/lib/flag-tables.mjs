/** The tables of flags in docs/cli.md, from the flags that the program really has. */
import { tsImport } from 'tsx/esm/api';
import { FLAG_DOCS } from './flag-docs.mjs';

/** @typedef {import('commander').Command} Command */
/** @typedef {import('commander').Option} Option */

const { createProgram } = await tsImport('../../src/cli/program.ts', import.meta.url);
/** @type {Command} */
const program = createProgram({}, {}, false);
const commands = new Map([program, ...program.commands].map((one) => [one === program ? 'diff' : one.name(), one]));

/** Rows of the flags of a command, of one group of its help or of all. @param {string} name @param {string | undefined} group */
export function renderFlags(name, group) {
  const command = commands.get(name);
  if (command === undefined) throw new Error(`docs/cli.md: there is no command ${name}`);
  const options = listOptions(command).filter((option) => group === undefined || groupOf(option) === group);
  if (options.length === 0) throw new Error(`docs/cli.md: model-diff ${name} has no group of flags called ${group}`);
  const rows = options.map((option) => `| \`${option.flags}\` | ${describe(name, option)} |`);
  return ['| option | what it does |', '| --- | --- |', ...rows];
}

/** Throws where the page has not all flags, or there is a text for one that is gone. @param {string} page */
export function requireAllFlags(page) {
  for (const [name, command] of commands) {
    const options = listOptions(command);
    // Help alone needs no table.
    if (options.length === 1) continue;
    const whole = page.includes(`<!-- flags: ${name} -->`);
    const missing = options.map(groupOf).find((group) => !whole && !page.includes(`<!-- flags: ${name}, ${group} -->`));
    if (missing !== undefined)
      throw new Error(`docs/cli.md needs <!-- flags: ${name}, ${missing} --> or <!-- flags: ${name} -->`);
    const gone = Object.keys(FLAG_DOCS[name] ?? {}).find((flag) => !options.some(({ long }) => long === flag));
    if (gone !== undefined) throw new Error(`scripts/lib/flag-docs.mjs describes ${gone} of ${name}, which there is no more`);
  }
}

/** With `--help`, and `--version` where there is one. @param {Command} command */
function listOptions(command) {
  return command.createHelp().visibleOptions(command);
}

/** @param {Option} option */
function groupOf({ helpGroupHeading = 'Options:' }) {
  return helpGroupHeading.replace(/:$/, '');
}

/** @param {string} command @param {Option} option */
function describe(command, { long, flags, description, argChoices, defaultValue }) {
  const own = FLAG_DOCS[command]?.[long ?? ''];
  if (own !== undefined) return own;
  if (command !== 'diff' && listOptions(program).some((option) => option.flags === flags)) return 'As for a comparison.';
  const choices = argChoices === undefined ? '' : ` One of ${argChoices.map((choice) => `\`${choice}\``).join(', ')}.`;
  const otherwise = typeof defaultValue === 'string' ? ` Default: \`${defaultValue}\`.` : '';
  const sentence = `${description.charAt(0).toUpperCase()}${description.slice(1)}`.replaceAll('|', String.raw`\|`);
  return `${sentence}${sentence.endsWith('.') ? '' : '.'}${choices}${otherwise}`;
}
