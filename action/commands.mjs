/** What a step says to the runner of a workflow. */

import { appendFileSync } from 'node:fs';

/**
 * An annotation on stdout.
 * @param {'error' | 'warning' | 'notice'} level
 * @param {string} message
 */
export function annotate(level, message) {
  const data = message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  process.stdout.write(`::${level} title=model-diff::${data}\n`);
}

/**
 * Outputs of the step. Nothing that has line breaks is one.
 * @param {Record<string, string>} outputs
 */
export function setOutputs(outputs) {
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value.replaceAll(/[\r\n]/gu, ' ')}\n`);
  appendFileSync(readVariable('GITHUB_OUTPUT'), lines.join(''));
}

/**
 * A variable that the runner or action.yml sets.
 * @param {string} name
 * @param {string} [otherwise]
 */
export function readVariable(name, otherwise) {
  const value = process.env[name] || otherwise;
  if (value === undefined) throw new Error(`${name} is not set: this script is a step of action.yml`);
  return value;
}

/**
 * The lines of a variable that are not empty, without the blanks around them.
 * @param {string} name
 */
export function readLines(name) {
  return readVariable(name, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
