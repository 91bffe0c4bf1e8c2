import { existsSync } from 'node:fs';
import { distance } from 'fastest-levenshtein';
import { argumentError } from '../errors.ts';

/** @throws ModelDiffError `E_ARGUMENT` where the first word is no file and nearly the name of a command */
export function refuseMisspelt(args: readonly string[], commands: readonly string[]): void {
  const [word = ''] = args;
  if (commands.includes(word) || !/^[a-z-]{3,20}$/i.test(word) || existsSync(word)) return;
  const near = commands.find((command) => distance(word.toLowerCase(), command) <= Math.max(1, Math.floor(command.length / 4)));
  if (near !== undefined)
    throw argumentError(`there is no command and no checkpoint called ${word}`, `did you mean model-diff ${near}?`);
}
