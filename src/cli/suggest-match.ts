import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { loadCheckpoint } from '../checkpoint/load.ts';
import { chooseOptions, chooseSideOpening } from './choose-options.ts';
import { countMatches } from './count-matches.ts';
import type { DiffFlags } from './flags.ts';
import { findFlag } from './option-flags.ts';
import { type Proposal, proposeNames, type Shapes } from './propose-names.ts';
import { quote } from '../wording/quote.ts';
import type { Session } from './session.ts';

/** Mappings of a file that are opened to look for the names of the other side. */
const MOST_KEYS = 8;

/** Share of the smaller side that has to match: a rule to rename is a guess, and matches by chance what is not the same. */
const PART = 0.5;
const NEARLY_ALL = 0.9;

/** A command that makes names match, and how many. */
export interface Suggestion {
  readonly command: string;
  readonly matches: number;
}

/**
 * The command that makes most names match, tried on the names themselves: another mapping of a file, a prefix or a part of one side,
 * another word for a segment. null where there is none.
 */
export async function suggestMatch(
  session: Session,
  paths: Readonly<Record<'old' | 'new', string>>,
  flags: DiffFlags,
): Promise<Suggestion | null> {
  const opened: Checkpoint[] = [];
  const open = async (side: 'old' | 'new', proposal: Proposal = {}): Promise<Checkpoint> => {
    const opening = chooseSideOpening({ ...flags, ...proposal }, side);
    const checkpoint = await loadCheckpoint(paths[side], { ...opening, signal: session.signal });
    opened.push(checkpoint);
    return checkpoint;
  };
  try {
    const given = { old: await open('old'), new: await open('new') };
    let best: { readonly proposal: Proposal; readonly matches: number } | undefined;
    const consider = (pair: typeof given, proposal: Proposal): void => {
      const leastShare = proposal.renameOld === undefined && proposal.renameNew === undefined ? PART : NEARLY_ALL;
      const matches = countMatches(pair.old, pair.new, chooseOptions(addFlags(flags, proposal)), leastShare);
      if (matches > (best?.matches ?? 0)) best = { proposal, matches };
    };
    for (const side of ['old', 'new'] as const) {
      for (const key of listOtherKeys(given[side])) {
        const proposal: Proposal = side === 'old' ? { keyOld: key } : { keyNew: key };
        const other = await open(side, proposal).catch(() => undefined);
        if (other !== undefined) consider({ ...given, [side]: other }, proposal);
      }
    }
    for (const proposal of proposeNames(listShapes(given.old), listShapes(given.new))) consider(given, proposal);
    return best === undefined ? null : { command: spellCommand(session.command, best.proposal), matches: best.matches };
  } finally {
    for (const checkpoint of opened) checkpoint.close();
  }
}

function listShapes({ table }: Checkpoint): Shapes {
  return new Map(table.names.map((name, row) => [name, table.shape(row).join()]));
}

/** Paths of the mappings of a file that were not taken and could be the model. */
function listOtherKeys({ candidates }: Checkpoint): readonly string[] {
  return candidates
    .filter(({ chosen }) => !chosen)
    .slice(0, MOST_KEYS)
    .map(({ key }) => key);
}

function addFlags(flags: DiffFlags, proposal: Proposal): DiffFlags {
  const given: Readonly<Record<string, unknown>> = { ...flags };
  const added = Object.entries(proposal).map(([name, value]) => {
    const before = given[name];
    return [name, Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value];
  });
  return { ...flags, ...Object.fromEntries(added) };
}

/** The command as it was given with further flags, which go before a `--`. */
function spellCommand(command: string, proposal: Proposal): string {
  const added = Object.entries(proposal)
    .flatMap(([name, value]: [string, string | readonly string[]]) =>
      (typeof value === 'string' ? [value] : value).map((one) => `${findFlag(name)} ${quote(one)}`),
    )
    .join(' ');
  if (!command.includes(' -- ')) return `${command} ${added}`;
  return command.replace(/^model-diff(?: plan| submit)?/, (start) => `${start} ${added}`);
}
