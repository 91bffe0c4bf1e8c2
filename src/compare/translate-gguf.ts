import { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Finding } from '../checkpoint/types.ts';
import type { NameChange } from '../names/name-change.ts';
import { translateNames, type Translation } from '../names/gguf/translate.ts';
import type { NamedTensors, NamedView, Transform } from '../names/gguf/types.ts';
import { binding } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import { formatNoun } from '../wording/numbers.ts';

type Side = 'old' | 'new';

/** Both sides under names that can be matched, and what was done for that. */
export interface TranslatedSides {
  readonly old: Checkpoint;
  readonly new: Checkpoint;
  /** Checkpoints made here, which the caller closes. */
  readonly made: readonly Checkpoint[];
  readonly changes: readonly NameChange[];
  readonly findings: Readonly<Record<Side, readonly Finding[]>>;
}

/**
 * Where one side is a GGUF file and the other is not, the tensors of the file under Hugging Face's names and in its form. Two GGUF files,
 * and sides that share names already, stay as they are.
 */
export function translateGguf(old: Checkpoint, newer: Checkpoint): TranslatedSides {
  const sides = { old, new: newer };
  const side: Side = newer.format === 'gguf' ? 'new' : 'old';
  const other: Side = side === 'new' ? 'old' : 'new';
  const same = { ...sides, made: [], changes: [], findings: { old: [], new: [] } };
  if (sides[side].format !== 'gguf' || sides[other].format === 'gguf') return same;
  const [gguf, target] = [listTensors(sides[side]), listTensors(sides[other])];
  if (gguf.names.filter((name) => target.find(name) !== undefined).length * 2 > gguf.names.length) return same;
  const translation = translateNames(gguf, sides[side].metadata, target);
  const found = describe(translation, sides[side]);
  if (translation.views.length === 0) return { ...same, findings: { ...same.findings, [side]: found } };
  const translated = derive(sides[side], translation.unknown, translation.views);
  const made = [translated];
  let adapted = sides[other];
  if (translation.otherViews.length > 0) {
    const replaced = new Set(translation.otherViews.map(({ row }) => row));
    const kept = [...target.names.keys()].filter((row) => !replaced.has(row));
    adapted = derive(sides[other], kept, translation.otherViews);
    made.push(adapted);
  }
  const tensors = gguf.names.length - translation.unknown.length;
  return {
    ...(side === 'new' ? { old: adapted, new: translated } : { old: translated, new: adapted }),
    made,
    changes: [{ side, kind: 'gguf', rule: translation.architecture, tensors }],
    findings: { ...same.findings, [side]: found },
  };
}

function listTensors({ table }: Checkpoint): NamedTensors {
  const { names, find, shape, errors, raw } = table;
  return { names, find, shape, isReadable: (row) => !errors.has(row) && !raw.has(row) };
}

function derive({ native }: Checkpoint, kept: readonly number[], views: readonly NamedView[]): Checkpoint {
  const programs = views.map(({ name, row, steps }) => ({ name, steps: [{ operation: 'tensor', numbers: [row] }, ...steps] }));
  return Checkpoint.fromNative(unwrap(binding().withViews(native, [...kept], programs)));
}

const WORDS: Readonly<Record<Transform, string>> = {
  rotary: 'rows of q and k put back into the order of Hugging Face (rotary halves)',
  experts: 'stacked experts taken apart',
  shape: 'axes of length 1 put back',
  add_one: 'norms compared as the converter stores them, with 1 added to the other side',
  transpose: 'Conv1D weights compared as [out, in], with the other side transposed',
};

/** Names in a message. */
const SHOWN = 5;

function describe({ architecture, views, unknown, transformed }: Translation, { table }: Checkpoint): Finding[] {
  const say = (code: string, severity: Finding['severity'], message: string): Finding => ({
    code,
    severity,
    message,
    path: null,
    offset: null,
  });
  const undone = [...transformed].map(([transform, count]) => `${WORDS[transform]} (${formatNoun(count, 'tensor')})`);
  const names = unknown.slice(0, SHOWN).map((row) => JSON.stringify(table.names[row] ?? ''));
  const more = unknown.length > SHOWN ? ` and ${unknown.length - SHOWN} more` : '';
  return [
    ...(undone.length === 0
      ? []
      : [say('GgufTransformsUndone', 'info', `what the converter to GGUF does to values: ${undone.join('; ')}`)]),
    ...(unknown.length === 0
      ? []
      : [
          say(
            'GgufNamesUnknown',
            'warning',
            views.length === 0
              ? `Hugging Face's names of the architecture ${JSON.stringify(architecture)} are not known here: nothing was translated; rename rules can do it`
              : `${formatNoun(unknown.length, 'tensor')} of the GGUF file keep their names, since no rule for ${architecture} knows them: ${names.join(', ')}${more}`,
          ),
        ]),
  ];
}
