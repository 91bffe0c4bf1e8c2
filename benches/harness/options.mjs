/** What the command line of the benchmarks takes. */
import { availableParallelism, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ScriptError } from '../../scripts/lib/run.mjs';

export const USAGE = `npm run bench -- [NAME ...] [options]
  --size GB        bytes of one side of the large checkpoints (2)
  --max-disk GB    larger inputs than this are left out, and named (10)
  --dir FOLDER     where checkpoints are made and removed again (the system's temporary folder)
  --peer-limit S   seconds after which a tool that is compared with is ended (120)
  --record FILE    where results go (benches/record/<processor>/<date>.json)
  --yes            do not ask before much is written
  --check          instructions only: compare with the committed counts, record nothing
  --update         instructions only: commit these counts`;

/**
 * @typedef {object} Options
 * @property {string[]} names
 * @property {number} size Bytes of one side.
 * @property {number} maxDisk Bytes.
 * @property {string} dir
 * @property {number} peerLimit Seconds.
 * @property {string | undefined} record
 * @property {boolean} yes
 * @property {boolean} check
 * @property {boolean} update
 * @property {number} cores
 */

/**
 * @param {readonly string[]} args
 * @returns {Options}
 */
export function readOptions(args) {
  const { values, positionals } = parse({
    args: [...args],
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '2' },
      'max-disk': { type: 'string', default: '10' },
      dir: { type: 'string', default: tmpdir() },
      'peer-limit': { type: 'string', default: '120' },
      record: { type: 'string' },
      yes: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      update: { type: 'boolean', default: false },
    },
  });
  return {
    names: positionals,
    size: positive('--size', values.size) * 1e9,
    maxDisk: positive('--max-disk', values['max-disk']) * 1e9,
    dir: resolve(values.dir),
    peerLimit: positive('--peer-limit', values['peer-limit']),
    record: values.record,
    yes: values.yes,
    check: values.check,
    update: values.update,
    cores: availableParallelism(),
  };
}

/**
 * `parseArgs`, with errors that show what there is.
 * @template {import('node:util').ParseArgsConfig} Config
 * @param {Config} config
 */
function parse(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new ScriptError(`${/** @type {Error} */ (error).message}\n${USAGE}`);
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function positive(name, text) {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new ScriptError(`${name} must be a number above 0, not ${text}\n${USAGE}`);
  return value;
}
