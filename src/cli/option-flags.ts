/** Library options whose flags are not simply their names with hyphens. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  changeThreshold: 'threshold',
  limits: 'limit',
  autoPrefix: 'no-auto-prefix',
  topKLayers: 'top',
};

/** The flag of a library option: `--strip-prefix` for `stripPrefix`, `--rename-old` for `old.rename`. */
export function findFlag(option: string): string {
  const [, side, name = option] = /^(old|new)\.(.+)$/.exec(option) ?? [];
  const words = OTHER_NAMES[name] ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${words}${side === undefined ? '' : `-${side}`}`;
}

/** Options that a message about one of them may name as well. */
const PARTNERS: Readonly<Record<string, readonly string[]>> = { include: ['exclude'], exclude: ['include'] };

/** Where a saved report comes from. */
export const HOW_TO_MAKE = 'model-diff OLD NEW -o report.json makes one';

/** What the library says for its callers, and what the command line says instead. */
const OTHER_WORDS: readonly (readonly [words: RegExp, instead: string])[] = [
  [/layerNames lists the names/g, 'model-diff inspect lists the names'],
  [/run `inspect` to see what is in the file/g, 'model-diff inspect lists what is in the file'],
  [/renderReport\(comparison, \{ format: 'json' \}\) makes one/g, HOW_TO_MAKE],
  [/give it to hashCheckpoint, which makes the manifest/g, 'give it to model-diff hash, which makes the manifest'],
  [/createSeriesReport writes every format of a series/g, 'model-diff series writes every format itself, as with -o series.html'],
];

/** How the library names an option that may help, with a value for it. */
const NAMED = /\bthe option ((?:old\.|new\.)?\w+)(:?)/g;

/**
 * A message or hint of the library with flags for the names of its options. What stands in quotation marks comes from the caller or a
 * file and stays as it is.
 *
 * @param option the option that the message is about, if any
 * @param configured options that no flag gave, and what to call them instead
 */
export function spellFlags(text: string, option: string | undefined, configured?: ReadonlyMap<string, string>): string {
  const names = option === undefined ? [] : [option, ...(PARTNERS[option] ?? [])];
  return text
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, index) => (index % 2 === 1 ? part : spellPart(part, names, configured)))
    .join('');
}

function spellPart(part: string, names: readonly string[], configured?: ReadonlyMap<string, string>): string {
  const spelt = names.reduce(
    (words, name) =>
      words.replace(
        new RegExp(String.raw`(?<![\w.-])${name.replace('.', String.raw`\.`)}(?![\w-])`, 'g'),
        () => configured?.get(name) ?? findFlag(name),
      ),
    part,
  );
  return OTHER_WORDS.reduce((words, [pattern, instead]) => words.replace(pattern, instead), spelt).replace(
    NAMED,
    (_, option: string) => findFlag(option),
  );
}
