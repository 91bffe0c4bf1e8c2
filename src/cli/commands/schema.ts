import { readdirSync, readFileSync } from 'node:fs';
import { argumentError } from '../../errors.ts';
import { findNearest } from '../../options.ts';
import { EXIT } from '../exit.ts';
import type { CommonFlags } from '../flags.ts';
import { print } from '../render.ts';
import { applyFlags, type Session } from '../session.ts';

/** Beside the bundle, in the package. */
const FOLDER = new URL('../schema/', import.meta.url);
const ENDING = '.schema.json';

/** `model-diff schema`: prints a JSON Schema that the package ships. */
export async function runSchema(session: Session, name: string, flags: CommonFlags): Promise<void> {
  applyFlags(session, flags);
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .toSorted();
  if (!names.includes(name)) {
    const nearest = findNearest(name, names);
    throw argumentError(
      `there is no schema called ${JSON.stringify(name)}: expected ${names.join(', ')}`,
      nearest === undefined ? 'model-diff schema prints that of reports' : `did you mean ${nearest}?`,
    );
  }
  session.exitCode = EXIT.done;
  await print(session, readFileSync(new URL(`${name}${ENDING}`, FOLDER), 'utf8'));
}
