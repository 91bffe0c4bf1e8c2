import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Finding } from '../checkpoint/types.ts';
import { invertSteps } from '../names/invert-steps.ts';
import { translateNames, type Translation } from '../names/gguf/translate.ts';
import type { NameChange } from '../names/name-change.ts';
import type { NamedTensors } from '../names/named-view.ts';
import type { Transform } from '../names/gguf/types.ts';
import { formatNoun } from '../wording/numbers.ts';
import { derive, listTensors, type Side, type TranslatedSides, untranslated } from './derive.ts';

/**
 * Where one side is a GGUF file and the other is not, the tensors of the file under Hugging Face's names and in its form. Two GGUF files,
 * and sides that share names already, stay as they are.
 */
export function translateGguf(old: Checkpoint, newer: Checkpoint): TranslatedSides {
  const sides = { old, new: newer };
  const side: Side = newer.format === 'gguf' ? 'new' : 'old';
  const other: Side = side === 'new' ? 'old' : 'new';
  const same = untranslated(old, newer);
  if (sides[side].format !== 'gguf' || sides[other].format === 'gguf') return same;
  const [gguf, target] = [listTensors(sides[side]), listTensors(sides[other])];
  if (sharesNames(gguf, target)) return same;
  const translation = translateNames(gguf, sides[side].metadata, target);
  const found = describeTranslation(translation, gguf.names);
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

/** A GGUF file as the other side has its tensors, which stays as it is. */
export interface TranslatedGguf {
  /** The file itself where there is nothing to translate; otherwise the caller closes it. */
  readonly checkpoint: Checkpoint;
  readonly change: Omit<NameChange, 'side'> | null;
  readonly findings: readonly Finding[];
}

/** As {@link translateGguf}, but what the converter did is undone on the side of the file alone. */
export function translateGgufAlone(gguf: Checkpoint, other: Checkpoint): TranslatedGguf {
  const [own, target] = [listTensors(gguf), listTensors(other)];
  if (sharesNames(own, target)) return { checkpoint: gguf, change: null, findings: [] };
  const translation = translateNames(own, gguf.metadata, target);
  const { views, otherViews, unknown, architecture } = translation;
  const findings = describeTranslation(translation, own.names, WORDS_ALONE);
  if (views.length === 0) return { checkpoint: gguf, change: null, findings };
  const undone = new Map(otherViews.map(({ name, row, steps }) => [name, invertSteps(steps, target.shape(row)) ?? []]));
  const whole = views.map((view) => ({ ...view, steps: [...view.steps, ...(undone.get(view.name) ?? [])] }));
  return {
    checkpoint: derive(gguf, unknown, whole),
    change: { kind: 'gguf', rule: architecture, tensors: own.names.length - unknown.length },
    findings,
  };
}

/** Whether most names of a GGUF file are names of the other side already. */
export function sharesNames(gguf: NamedTensors, other: NamedTensors): boolean {
  return gguf.names.filter((name) => other.find(name) !== undefined).length * 2 > gguf.names.length;
}

const WORDS: Readonly<Record<Transform, string>> = {
  rotary: 'rows of q and k put back into the order of Hugging Face (rotary halves)',
  experts: 'stacked experts taken apart',
  shape: 'axes of length 1 put back',
  add_one: 'norms compared as the converter stores them, with 1 added to the other side',
  transpose: 'Conv1D weights compared as [out, in], with the other side transposed',
};

/** The same where the other side stays as it is. */
const WORDS_ALONE: typeof WORDS = {
  ...WORDS,
  add_one: 'norms with the 1 that the converter adds taken off',
  transpose: 'Conv1D weights transposed back to [in, out]',
};

/** Names in a message. */
const SHOWN = 5;

/** What a translation did and did not do. @param names of the tensors of the GGUF file */
export function describeTranslation(
  { architecture, views, unknown, notUndone, transformed }: Translation,
  names: readonly string[],
  words: Readonly<Record<Transform, string>> = WORDS,
): Finding[] {
  const say = (code: string, severity: Finding['severity'], message: string): Finding => ({
    code,
    severity,
    message,
    path: null,
    offset: null,
  });
  const undone = [...transformed].map(([transform, count]) => `${words[transform]} (${formatNoun(count, 'tensor')})`);
  const list = (rows: readonly number[]): string => {
    const shown = rows.slice(0, SHOWN).map((row) => JSON.stringify(names[row] ?? ''));
    return `${shown.join(', ')}${rows.length > SHOWN ? ` and ${rows.length - SHOWN} more` : ''}`;
  };
  const [known, nameless] = [[...notUndone.keys()], unknown.filter((row) => !notUndone.has(row))];
  const forms = [...new Set(notUndone.values())];
  return [
    ...(undone.length === 0
      ? []
      : [say('GgufTransformsUndone', 'info', `what the converter to GGUF does to values: ${undone.join('; ')}`)]),
    ...(known.length === 0
      ? []
      : [
          say(
            'GgufNotUndone',
            'warning',
            `${formatNoun(known.length, 'tensor')} of the GGUF file keep their names and are not compared, since the converter writes ${forms.join(', ')}, which is not undone: ${list(known)}`,
          ),
        ]),
    ...(nameless.length === 0
      ? []
      : [
          say(
            'GgufNamesUnknown',
            'warning',
            views.length === 0
              ? `Hugging Face's names of the architecture ${JSON.stringify(architecture)} are not known here: nothing was translated; rename rules can do it`
              : `${formatNoun(nameless.length, 'tensor')} of the GGUF file keep their names, since no rule for ${architecture} knows them: ${list(nameless)}`,
          ),
        ]),
  ];
}
